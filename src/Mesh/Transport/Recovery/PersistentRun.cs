using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The longest time between two lost packets with nothing but lost ones between them.</summary>
internal struct PersistentRun
{
    private long _lastPosition;
    private Instant _firstSentAt;
    private bool _isRunning;

    public TimeSpan Longest { get; private set; }

    /// <summary>True when the packet before this one was not lost, too.</summary>
    public bool Add(long position, Instant sentAt)
    {
        bool starts = !_isRunning || position != _lastPosition + 1;
        if (starts)
        {
            _firstSentAt = sentAt;
            _isRunning = true;
        }
        _lastPosition = position;
        TimeSpan length = sentAt - _firstSentAt;
        Longest = length > Longest ? length : Longest;
        return starts;
    }
}
