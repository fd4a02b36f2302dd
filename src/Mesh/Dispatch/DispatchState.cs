namespace Darkbloom.Mesh.Dispatch;

/// <summary>Where a request stands; the arrows are at <see cref="Dispatch"/>.</summary>
public enum DispatchState
{
    /// <summary>No node has been asked yet, or the last one failed; left before the call returns.</summary>
    Choosing,

    /// <summary>A node was offered the request, or is being dialled for that.</summary>
    Offering,

    /// <summary>A node has the prompt and has sent nothing of the answer, or nothing of its continuation.</summary>
    AwaitingFirstToken,

    /// <summary>The client has seen a part of the answer.</summary>
    Streaming,

    /// <summary>The answer broke off and no node can go on with it at this moment.</summary>
    Stranded,

    /// <summary>The outcome is known.</summary>
    Ended,
}
