using Darkbloom.Mesh.Hosting;

namespace Darkbloom.Gateway.Telemetry;

/// <summary>The counters of this peer's mesh side, as Prometheus reads them.</summary>
internal static class MeshMetrics
{
    private const string Prefix = "darkbloom_mesh_";

    public static void Write(PrometheusText text, MeshStatistics statistics)
    {
        text.Family(Prefix + "sessions", "gauge", "Sessions with other peers.", statistics.Sessions);
        text.Family(Prefix + "datagrams_sent_total", "counter", "UDP datagrams sent.", statistics.Port.DatagramsSent);
        text.Family(Prefix + "datagrams_received_total", "counter", "UDP datagrams received.", statistics.Port.DatagramsReceived);
        text.Family(Prefix + "bytes_sent_total", "counter", "UDP payload bytes sent.", statistics.Port.BytesSent);
        text.Family(Prefix + "bytes_received_total", "counter", "UDP payload bytes received.", statistics.Port.BytesReceived);
        text.Family(Prefix + "sends_dropped_total", "counter", "Datagrams that the system refused to send.", statistics.Port.SendsDropped);
        text.Family(Prefix + "handshakes_initiated_total", "counter", "Handshakes that this peer began and that succeeded.", statistics.Peer.HandshakesInitiated);
        text.Family(Prefix + "handshakes_accepted_total", "counter", "Handshakes that another peer began and confirmed.", statistics.Peer.HandshakesAccepted);
        text.Family(Prefix + "handshakes_failed_total", "counter", "Handshakes that this peer began and that failed.", statistics.Peer.HandshakesFailed);
        text.Family(Prefix + "tickets_rejected_total", "counter", "Peers turned away because of their ticket.", statistics.Peer.TicketsRejected);
        text.Family(Prefix + "datagrams_malformed_total", "counter", "Datagrams that are no packet of the protocol.", statistics.Peer.DatagramsMalformed);
    }
}
