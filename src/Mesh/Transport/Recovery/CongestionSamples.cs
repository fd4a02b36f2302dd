using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>What one ACK told: packets that left flight because they arrived.</summary>
/// <param name="BytesAcknowledged">Only of packets that were sent while the window, not the application, was the limit.</param>
/// <param name="NewestSentAt">When the newest of them was sent.</param>
internal readonly record struct AckSample(
    Instant Now, long BytesAcknowledged, Instant NewestSentAt, TimeSpan SmoothedRtt, TimeSpan MinimumRtt, TimeSpan LatestRtt);

/// <summary>Packets that left flight because they are lost.</summary>
/// <param name="NewestSentAt">When the newest of them was sent.</param>
/// <param name="IsPersistent">Nothing arrived for several probe timeouts: RFC 9002 section 7.6.</param>
internal readonly record struct LossSample(Instant Now, long BytesLost, Instant NewestSentAt, bool IsPersistent);
