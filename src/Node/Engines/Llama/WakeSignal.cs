using System.Threading;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Wakes one waiting thread; a signal that comes while nobody waits is kept, and two are one.</summary>
/// <remarks>Unlike an AutoResetEvent it may be signalled by a reader that outlives the engine.</remarks>
internal sealed class WakeSignal
{
    private readonly object _gate = new();
    private bool _isSet;

    public void Set()
    {
        lock (_gate)
        {
            _isSet = true;
            Monitor.Pulse(_gate);
        }
    }

    public void Wait()
    {
        lock (_gate)
        {
            while (!_isSet)
            {
                Monitor.Wait(_gate);
            }

            _isSet = false;
        }
    }
}
