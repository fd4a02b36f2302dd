using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Decides how much may be in flight and how fast it leaves. Pure: told what was sent, arrived and lost, and when.</summary>
internal interface ICongestionController
{
    /// <summary>The most bytes in flight.</summary>
    long WindowBytes { get; }

    /// <summary>How fast datagrams leave while the window has room.</summary>
    double PaceBytesPerSecond { get; }

    /// <summary>The path takes datagrams of this size from now on.</summary>
    void SetDatagramBytes(int datagramBytes);

    /// <param name="bytesInFlight">Without the packet that leaves now.</param>
    void OnSent(Instant now, long bytesInFlight, bool isApplicationLimited);

    void OnAcknowledged(in AckSample sample);

    /// <summary>Told of each lost packet, oldest first, before the ACK that proved the losses.</summary>
    void OnLost(in LossSample sample);

    /// <summary>Every packet given up in the last round trip with losses arrived after all.</summary>
    void OnSpuriousLoss(Instant now);

    /// <summary>Nothing arrived for several probe timeouts: RFC 9002 section 7.6.</summary>
    void OnPersistentCongestion(Instant now);
}
