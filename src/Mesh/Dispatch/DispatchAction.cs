using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>What the driver of a <see cref="Dispatch"/> does next.</summary>
/// <param name="Target">The node, when <paramref name="Kind"/> is <see cref="DispatchActionKind.Offer"/>.</param>
public readonly record struct DispatchAction(DispatchActionKind Kind, PeerId Target = default);

/// <summary>The kinds of <see cref="DispatchAction"/>.</summary>
public enum DispatchActionKind
{
    /// <summary>Read the next message, or wait until the deadline.</summary>
    Wait,

    /// <summary>Give up the stream at hand, open one to the target and send it the offer.</summary>
    Offer,

    /// <summary>Give up the stream at hand and wait until the deadline.</summary>
    Rest,

    /// <summary>Send the prompt on the stream at hand.</summary>
    SendPrompt,

    /// <summary>Hand the message to the client.</summary>
    Deliver,

    /// <summary>Hand the message to the client: it is the last one.</summary>
    Complete,

    /// <summary>Give up the stream at hand and tell the client the outcome.</summary>
    Fail,
}
