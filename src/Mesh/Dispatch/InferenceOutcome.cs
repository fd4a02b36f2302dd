namespace Darkbloom.Mesh.Dispatch;

/// <summary>How a request ended, and who failed if it did.</summary>
public enum InferenceOutcome
{
    /// <summary>The model finished: nobody failed.</summary>
    Completed,

    /// <summary>The client went away; the node was told to stop.</summary>
    ClientGone,

    /// <summary>The client asked for a model that no known node serves.</summary>
    ModelNotFound,

    /// <summary>The client's prompt and output do not fit the model's context.</summary>
    ContextLengthExceeded,

    /// <summary>The client asked for something that the model or its node cannot do.</summary>
    InvalidRequest,

    /// <summary>The mesh has nodes for the model, and each of them refused for now.</summary>
    NoCapacity,

    /// <summary>The mesh knows no reachable node for the model at this moment.</summary>
    NoNodeReachable,

    /// <summary>No node produced a token before the deadline.</summary>
    DeadlineExceeded,

    /// <summary>The node vanished after its first token, or on every attempt before it.</summary>
    PeerLost,

    /// <summary>The node's engine failed.</summary>
    EngineFailed,

    /// <summary>The node broke the inference protocol.</summary>
    ProtocolViolation,
}
