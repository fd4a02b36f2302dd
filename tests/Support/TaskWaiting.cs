using System;
using System.Threading.Tasks;
using Xunit.Sdk;

namespace Darkbloom.Tests.Support;

internal static class TaskWaiting
{
    /// <summary>Far beyond what anything here takes: reaching it is a failure, never a measurement.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task OrTimeoutAsync(this Task task, string awaited)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new XunitException($"Waited {Patience.TotalSeconds} s for {awaited}.");
        }
    }

    public static async Task<T> OrTimeoutAsync<T>(this Task<T> task, string awaited)
    {
        await ((Task)task).OrTimeoutAsync(awaited);
        return await task;
    }
}
