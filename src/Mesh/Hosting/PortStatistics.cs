namespace Darkbloom.Mesh.Hosting;

/// <summary>Counters of one <see cref="IDatagramPort"/>.</summary>
/// <param name="SendCalls">System calls that sent datagrams: with segmentation one carries many.</param>
/// <param name="ReceiveCalls">System calls that brought datagrams.</param>
/// <param name="SendsDropped">Datagrams that the system refused to send: no route, no buffer, too long for the path.</param>
/// <param name="ReceiveErrors">Errors on the receive side, ICMP reports among them; none of them ends the port.</param>
public readonly record struct PortStatistics(
    long DatagramsSent,
    long BytesSent,
    long SendCalls,
    long DatagramsReceived,
    long BytesReceived,
    long ReceiveCalls,
    long SendsDropped,
    long ReceiveErrors)
{
    public static PortStatistics operator +(PortStatistics left, PortStatistics right) => new(
        left.DatagramsSent + right.DatagramsSent,
        left.BytesSent + right.BytesSent,
        left.SendCalls + right.SendCalls,
        left.DatagramsReceived + right.DatagramsReceived,
        left.BytesReceived + right.BytesReceived,
        left.ReceiveCalls + right.ReceiveCalls,
        left.SendsDropped + right.SendsDropped,
        left.ReceiveErrors + right.ReceiveErrors);
}
