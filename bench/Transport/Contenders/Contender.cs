namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>What is measured against what.</summary>
internal enum Contender
{
    /// <summary>This project's transport, through its public hosting API.</summary>
    Mesh,

    /// <summary>TLS 1.3 over TCP by SslStream; the variant names the congestion control.</summary>
    Tls,

    /// <summary>A duplex request over HTTP/2 and TLS, Kestrel and HttpClient.</summary>
    Http2,

    /// <summary>64 packets in flight and nothing cleverer, in the clear: a model of LiteNetLib.</summary>
    FixedWindow,

    /// <summary>AES-GCM for each datagram and one system call for each: the limit of the portable API.</summary>
    RawUdp,
}
