namespace Darkbloom.Mesh.Hosting;

/// <summary>What became of a run of datagrams.</summary>
internal enum RunOutcome
{
    Sent,

    /// <summary>The system's buffers are full: as good as lost, and sending again at once would only fill them more.</summary>
    Dropped,

    /// <summary>Nothing was sent; one by one some may go.</summary>
    Refused,
}
