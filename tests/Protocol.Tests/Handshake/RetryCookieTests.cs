using System;
using System.Linq;
using System.Net;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

public sealed class RetryCookieTests : IDisposable
{
    private static readonly PathAddress From = PathAddress.From(IPEndPoint.Parse("192.0.2.1:4444"));
    private static readonly ConnectionId Source = new(0x0102030405060708);
    private static readonly byte[] Message = [10, 11, 12];

    private readonly RetryCookie _cookies = new([.. Enumerable.Range(0, RetryCookie.SecretSize).Select(i => (byte)i)]);

    [Fact]
    public void Cookie_is_as_computed_elsewhere() => Assert.Equal(KnownAnswers.Cookie, Issue());

    [Fact]
    public void Cookie_is_valid_for_its_address_connection_and_message_only()
    {
        byte[] cookie = Issue();
        Assert.True(_cookies.IsValid(From, new InitPacket(Source, cookie, Message)));
        Assert.False(_cookies.IsValid(From with { Port = 4445 }, new InitPacket(Source, cookie, Message)));
        Assert.False(_cookies.IsValid(From with { Address = From.Address + 1 }, new InitPacket(Source, cookie, Message)));
        Assert.False(_cookies.IsValid(From, new InitPacket(new ConnectionId(1), cookie, Message)));
        Assert.False(_cookies.IsValid(From, new InitPacket(Source, cookie, [10, 11, 13])));
    }

    [Fact]
    public void Cookie_outlives_one_rotation_and_no_more()
    {
        byte[] cookie = Issue();
        _cookies.Rotate(Enumerable.Repeat((byte)7, RetryCookie.SecretSize).ToArray());
        Assert.True(_cookies.IsValid(From, new InitPacket(Source, cookie, Message)));
        Assert.NotEqual(cookie, Issue());
        _cookies.Rotate(Enumerable.Repeat((byte)8, RetryCookie.SecretSize).ToArray());
        Assert.False(_cookies.IsValid(From, new InitPacket(Source, cookie, Message)));
    }

    [Fact]
    public void No_cookie_is_never_valid() =>
        Assert.False(_cookies.IsValid(From, new InitPacket(Source, RetryCookie.None, Message)));

    [Fact]
    public void Cookie_under_the_zero_secret_is_not_valid_before_a_rotation()
    {
        using RetryCookie zeros = new(new byte[RetryCookie.SecretSize]);
        byte[] cookie = new byte[RetryCookie.Size];
        zeros.Issue(From, new InitPacket(Source, RetryCookie.None, Message), cookie);
        Assert.False(_cookies.IsValid(From, new InitPacket(Source, cookie, Message)));
    }

    [Theory]
    [InlineData(RetryCookie.SecretSize - 1)]
    [InlineData(RetryCookie.SecretSize + 1)]
    public void Secret_of_another_length_is_the_callers_fault(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryCookie(new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _cookies.Rotate(new byte[length]));
    }

    public void Dispose() => _cookies.Dispose();

    private byte[] Issue()
    {
        byte[] cookie = new byte[RetryCookie.Size];
        _cookies.Issue(From, new InitPacket(Source, RetryCookie.None, Message), cookie);
        return cookie;
    }
}
