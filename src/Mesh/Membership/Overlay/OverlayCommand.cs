using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Membership.Overlay;

/// <summary>What the driver of a <see cref="PeerOverlay"/> does next.</summary>
/// <param name="Message">What to send, when <paramref name="Kind"/> is <see cref="OverlayCommandKind.Send"/>.</param>
public readonly record struct OverlayCommand(OverlayCommandKind Kind, PeerId Peer, OverlayMessage Message = default);

/// <summary>The kinds of <see cref="OverlayCommand"/>.</summary>
public enum OverlayCommandKind
{
    /// <summary>Send the message, over a session that is dialled first if there is none.</summary>
    Send,

    /// <summary>Exchange cards with the neighbour.</summary>
    Exchange,

    /// <summary>The overlay needs the session with this peer no more.</summary>
    Drop,
}
