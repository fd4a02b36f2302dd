using System;
using System.Net;
using Darkbloom.Mesh.Peering;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Simulations;
using Xunit;

namespace Darkbloom.Mesh.Tests.Peer;

public sealed class InitGateTests : IDisposable
{
    private static readonly HandshakeLimits s_limits = new() { WithoutCookie = new RateLimit(1, 0) };
    private static readonly PathAddress s_from = PathAddress.From(new IPEndPoint(new IPAddress([10, 1, 2, 3]), 4000));
    private static readonly Instant s_start = new(1_000_000_000);
    private static readonly TimeSpan s_span = TimeSpan.FromSeconds(RetryCookie.SecretSecondsMax);
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private readonly InitGate _gate = new(s_start, s_limits, new SeededEntropy(new Prng(1)));

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public void A_cookie_of_a_secrets_first_moment_lives_for_two_spans(int milliseconds, bool isValid)
    {
        byte[] cookie = Issue(s_start);
        Assert.Equal(isValid, Admits(s_start + (s_span * 2) + (s_millisecond * milliseconds), cookie));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void A_cookie_outlives_the_secret_that_made_it(int milliseconds)
    {
        byte[] cookie = Issue(s_start);
        Assert.True(Admits(s_start + s_span + (s_millisecond * milliseconds), cookie));
    }

    [Fact]
    public void A_cookie_of_a_secrets_last_moment_lives_for_one_span_more()
    {
        byte[] cookie = Issue(s_start + s_span - s_millisecond);
        Assert.True(Admits(s_start + (s_span * 2) - s_millisecond, cookie));
        Assert.False(Admits(s_start + (s_span * 2), cookie));
    }

    [Fact]
    public void Inits_that_come_late_prolong_no_cookie()
    {
        byte[] cookie = Issue(s_start);
        Assert.True(Admits(s_start + (s_span * 2) - s_millisecond, cookie));
        Assert.False(Admits(s_start + (s_span * 3) - s_millisecond, cookie));
    }

    [Fact]
    public void After_a_long_silence_old_secrets_are_gone()
    {
        byte[] cookie = Issue(s_start);
        Assert.False(Admits(s_start + TimeSpan.FromDays(10), cookie));
        byte[] fresh = Issue(s_start + TimeSpan.FromDays(10));
        Assert.True(Admits(s_start + TimeSpan.FromDays(10), fresh));
    }

    public void Dispose() => _gate.Dispose();

    private byte[] Issue(Instant now)
    {
        InitPacket init = new(new ConnectionId(1), RetryCookie.None, new byte[100]);
        Assert.Equal(InitVerdict.Retry, _gate.Judge(now, s_from, init));
        byte[] cookie = new byte[RetryCookie.Size];
        _gate.IssueCookie(s_from, init, cookie);
        return cookie;
    }

    private bool Admits(Instant now, byte[] cookie) =>
        _gate.Judge(now, s_from, new InitPacket(new ConnectionId(1), cookie, new byte[100])) == InitVerdict.Admit;
}
