namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>The losses of about one round trip: packets that were in flight when the first of them was given up.</summary>
internal struct LossEpisode
{
    private ulong _start;
    private ulong _end;
    private int _lost;

    /// <summary>Counts a loss; true when it begins a new episode.</summary>
    /// <param name="next">The number after the newest packet sent.</param>
    public bool Add(ulong number, ulong next)
    {
        bool begins = number >= _end;
        if (begins)
        {
            _start = number;
            _end = next;
            _lost = 0;
        }
        _lost++;
        return begins;
    }

    /// <summary>A loss was spurious; true when it was the last of this episode, so that nothing of it was real.</summary>
    public bool TryUndo(ulong number) => number >= _start && number < _end && --_lost == 0;
}
