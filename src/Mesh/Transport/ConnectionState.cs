namespace Darkbloom.Mesh.Transport;

/// <summary>The table of a connection's life after the handshake, RFC 9000 section 10.</summary>
/// <remarks><code>
/// Open     -> [Close, or the peer broke a rule] -> Closing   CLOSE goes out, and again when the peer keeps sending
/// Open     -> [CLOSE from the peer]             -> Draining  nothing is sent any more: the peer knows
/// Open     -> [idle timeout, keys spent]        -> Drained   nobody is there to be told
/// Closing  -> [CLOSE from the peer]             -> Draining
/// Closing  -> [three probe timeouts]            -> Drained
/// Draining -> [three probe timeouts]            -> Drained   late packets are no longer due: the endpoint forgets it
/// </code></remarks>
public enum ConnectionState
{
    Open,
    Closing,
    Draining,
    Drained,
}
