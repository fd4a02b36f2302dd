using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>What one ACK told: packets that left flight because they arrived.</summary>
/// <param name="BytesAcknowledged">Of all packets that this ACK was the first to name.</param>
/// <param name="BytesOfFullWindow">Those of them that left while the application had more to send than was let out.</param>
/// <param name="NewestSentAt">When the newest of them was sent.</param>
/// <param name="BytesInFlight">What is left in flight.</param>
/// <param name="Rtt">This ACK's own sample of the round trip; null when it has none.</param>
/// <param name="IsWindowLimited">In the last round trip the window held packets back.</param>
internal readonly record struct AckSample(
    Instant Now,
    long BytesAcknowledged,
    long BytesOfFullWindow,
    Instant NewestSentAt,
    long BytesInFlight,
    TimeSpan? Rtt,
    TimeSpan SmoothedRtt,
    TimeSpan MinimumRtt,
    bool IsWindowLimited,
    RateSample Rate);

/// <summary>What was delivered between the sending of a packet and its acknowledgement.</summary>
/// <param name="BytesPerSecond">Zero when the interval is too short to mean anything.</param>
/// <param name="BytesDelivered">Over that interval.</param>
/// <param name="PriorDelivered">Total delivered when the packet left.</param>
/// <param name="TotalDelivered">Total delivered now.</param>
/// <param name="BytesInFlight">What was in flight just after the packet left.</param>
/// <param name="BytesLost">Declared lost over that interval.</param>
/// <param name="IsApplicationLimited">The packet left while the application had too little to send: the rate is a lower bound.</param>
internal readonly record struct RateSample(
    double BytesPerSecond,
    long BytesDelivered,
    long PriorDelivered,
    long TotalDelivered,
    long BytesInFlight,
    long BytesLost,
    bool IsApplicationLimited);

/// <summary>One packet that left flight because it is lost.</summary>
/// <param name="BytesInFlight">What was in flight just after it left.</param>
/// <param name="BytesLost">Lost since it left, itself included.</param>
/// <param name="StartsRun">The packet before it was not lost.</param>
internal readonly record struct LossSample(
    Instant Now, int Bytes, Instant SentAt, long BytesInFlight, long BytesLost, bool IsApplicationLimited, bool StartsRun);
