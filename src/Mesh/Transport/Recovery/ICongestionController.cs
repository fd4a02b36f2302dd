using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>Decides how much may be in flight. Pure: told what was sent, arrived and lost, and when.</summary>
internal interface ICongestionController
{
    /// <summary>The most bytes in flight.</summary>
    long WindowBytes { get; }

    /// <summary>The window still doubles each round trip, so the pace may too.</summary>
    bool IsInSlowStart { get; }

    /// <summary>Something was lost, and packets sent before that are still arriving.</summary>
    bool IsRecovering(Instant sentAt);

    void OnAcknowledged(in AckSample sample);

    void OnLost(in LossSample sample);
}
