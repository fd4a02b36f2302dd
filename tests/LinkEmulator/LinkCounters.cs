namespace Darkbloom.LinkEmulator;

/// <summary>What a direction has done so far.</summary>
public record struct LinkCounters
{
    public long Offered { get; internal set; }

    public long Delivered { get; internal set; }

    public long DeliveredBytes { get; internal set; }

    public long Duplicated { get; internal set; }

    public long Lost { get; internal set; }

    public long QueueOverflows { get; internal set; }

    public long TooLong { get; internal set; }

    public long WhileDown { get; internal set; }
}
