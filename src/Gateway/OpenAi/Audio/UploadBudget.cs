using System.Threading;

namespace Darkbloom.Gateway.OpenAi.Audio;

/// <summary>Memory for uploads, over all requests: what would exceed it is turned away.</summary>
internal sealed class UploadBudget(long bytesMax)
{
    private long _free = bytesMax;

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _free, -bytes) >= 0)
        {
            return true;
        }

        GiveBack(bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _free, bytes);
}
