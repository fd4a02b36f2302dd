namespace Darkbloom.Mesh.Hosting;

/// <summary>Counters of one <see cref="IDatagramPort"/>.</summary>
/// <param name="SendsDropped">Datagrams that the system refused to send: no route, no buffer, too long for the path.</param>
/// <param name="ReceiveErrors">Errors on the receive side, ICMP reports among them; none of them ends the port.</param>
public readonly record struct PortStatistics(
    long DatagramsSent,
    long BytesSent,
    long DatagramsReceived,
    long BytesReceived,
    long SendsDropped,
    long ReceiveErrors);
