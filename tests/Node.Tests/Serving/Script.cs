using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Tests.Serving;

/// <summary>What scripted engines say.</summary>
internal static class Script
{
    public static NodeResponse Delta(uint offset, string content = "word ")
    {
        TokenDelta delta = new() { Offset = offset, Content = content };
        delta.TokenIds.Add(offset);
        return new NodeResponse { Delta = delta };
    }

    public static NodeResponse[] Answer(int tokens) =>
    [
        new() { Prefill = new PrefillProgress { TokensDone = 5, TokensTotal = 5 } },
        .. Enumerable.Range(0, tokens).Select(static i => Delta((uint)i)),
        new() { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } },
        new()
        {
            End = new GenerationEnd
            {
                Fingerprint = "db_test", Usage = new Usage { PromptTokens = 5, CompletionTokens = (uint)tokens },
            },
        },
    ];

    public static async IAsyncEnumerable<NodeResponse> SayAsync(
        IEnumerable<NodeResponse> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (NodeResponse message in messages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return message;
        }
    }

    /// <summary>Says nothing until the task completes, then the messages.</summary>
    public static async IAsyncEnumerable<NodeResponse> SayWhenAsync(
        Task task, IEnumerable<NodeResponse> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await task.WaitAsync(cancellationToken);
        foreach (NodeResponse message in messages)
        {
            yield return message;
        }
    }

    /// <summary>Says the messages once that task is done, and hears no cancellation until then.</summary>
    public static async IAsyncEnumerable<NodeResponse> SayDeafWhenAsync(Task task, IEnumerable<NodeResponse> messages)
    {
        await task;
        foreach (NodeResponse message in messages)
        {
            yield return message;
        }
    }

    /// <summary>Says the messages, then nothing more until it is cancelled.</summary>
    public static async IAsyncEnumerable<NodeResponse> SayAndHangAsync(
        IEnumerable<NodeResponse> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (NodeResponse message in messages)
        {
            yield return message;
        }

        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    /// <summary>Says the messages, then fails with words that nobody may hear.</summary>
    public static async IAsyncEnumerable<NodeResponse> SayAndThrowAsync(IEnumerable<NodeResponse> messages)
    {
        foreach (NodeResponse message in messages)
        {
            await Task.Yield();
            yield return message;
        }

        throw new InvalidOperationException("CANARY");
    }

    /// <summary>Words without end.</summary>
    public static async IAsyncEnumerable<NodeResponse> BabbleAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string content = new('x', 1000);
        for (uint offset = 0; ; offset++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return Delta(offset, content);
        }
    }
}
