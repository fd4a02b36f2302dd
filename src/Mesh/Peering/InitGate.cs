using System;
using System.Net;
using System.Security.Cryptography;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Peering;

/// <summary>What to do with an Init before any costly step.</summary>
internal enum InitVerdict
{
    Admit,

    /// <summary>Its sender is to come again with a cookie.</summary>
    Retry,

    /// <summary>Its network prefix asks too often.</summary>
    RateLimited,
}

/// <summary>Keeps a flood of handshakes from costing more than a share of one core; it remembers no sender.</summary>
internal sealed class InitGate : IDisposable
{
    private static readonly TimeSpan _secretLifetime = TimeSpan.FromSeconds(RetryCookie.SecretSecondsMax);

    private readonly HandshakeLimits _limits;
    private readonly IEntropy _entropy;
    private readonly PrefixLimiter _prefixes;
    private readonly RetryCookie _cookies;
    private TokenBucket _withoutCookie;
    private Instant _secretSince;

    public InitGate(Instant now, HandshakeLimits limits, IEntropy entropy)
    {
        _limits = limits;
        _entropy = entropy;
        _secretSince = now;
        Span<byte> secret = stackalloc byte[RetryCookie.SecretSize];
        entropy.Fill(secret);
        _cookies = new RetryCookie(secret);
        entropy.Fill(secret);
        _prefixes = new PrefixLimiter(limits.PerPrefix, BitConverter.ToUInt64(secret));
        CryptographicOperations.ZeroMemory(secret);
    }

    public InitVerdict Judge(Instant now, PathAddress from, InitPacket init)
    {
        RotateSecret(now);
        if (!_cookies.IsValid(from, init))
        {
            return _withoutCookie.TryTake(now, _limits.WithoutCookie) ? InitVerdict.Admit : InitVerdict.Retry;
        }
        bool exempt = !_limits.LimitLoopback && IPAddress.IsLoopback(from.ToEndPoint().Address);
        return exempt || _prefixes.TryTake(now, from) ? InitVerdict.Admit : InitVerdict.RateLimited;
    }

    public void IssueCookie(PathAddress from, InitPacket init, Span<byte> target) => _cookies.Issue(from, init, target);

    public void Dispose() => _cookies.Dispose();

    /// <summary>Keeps every cookie's life within two spans, however long nobody asked: secrets change on the clock's beat.</summary>
    private void RotateSecret(Instant now)
    {
        Span<byte> secret = stackalloc byte[RetryCookie.SecretSize];
        long spans = (now - _secretSince).Ticks / _secretLifetime.Ticks;
        for (int i = 0; i < Math.Min(spans, 2); i++)
        {
            _entropy.Fill(secret);
            _cookies.Rotate(secret);
        }
        _secretSince += _secretLifetime * spans;
        CryptographicOperations.ZeroMemory(secret);
    }
}
