namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>Counts round trips by packets: a round ends when a packet that left after its start is acknowledged.</summary>
internal struct RoundCounter
{
    private long _end;

    public long Count { get; private set; }

    /// <summary>The last ACK began a round.</summary>
    public bool IsStart { get; private set; }

    public void OnAcknowledged(in RateSample rate)
    {
        IsStart = rate.PriorDelivered >= _end;
        if (IsStart)
        {
            Count++;
            _end = rate.TotalDelivered;
        }
    }

    /// <summary>A new round begins now, whatever became of the present one.</summary>
    public void Restart(long totalDelivered) => _end = totalDelivered;
}
