using System;
using Darkbloom.Mesh.Hosting;
using Xunit;

namespace Darkbloom.Mesh.Tests.Membership;

public sealed class RendezvousAddressTests
{
    private static readonly string Key = new('a', 128);

    [Theory]
    [InlineData("127.0.0.1:7400", "127.0.0.1", 7400)]
    [InlineData("rendezvous.example.org:1", "rendezvous.example.org", 1)]
    [InlineData("localhost:65535", "localhost", 65535)]
    [InlineData("[2001:db8::1]:7400", "2001:db8::1", 7400)]
    public void What_is_parsed_is_printed_alike(string place, string host, int port)
    {
        Assert.True(RendezvousAddress.TryParse($"{Key}@{place}", out RendezvousAddress? address));
        Assert.Equal((host, port), (address!.Host, address.Port));
        Assert.Equal($"{Key}@{place}", address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("127.0.0.1:7400")]
    [InlineData("@127.0.0.1:7400")]
    [InlineData("KEY@")]
    [InlineData("KEY@127.0.0.1")]
    [InlineData("KEY@127.0.0.1:")]
    [InlineData("KEY@127.0.0.1:0")]
    [InlineData("KEY@127.0.0.1:65536")]
    [InlineData("KEY@127.0.0.1:-1")]
    [InlineData("KEY@127.0.0.1: 1")]
    [InlineData("KEY@:7400")]
    [InlineData("KEY@2001:db8::1:7400")]
    [InlineData("KEY@[127.0.0.1]:7400")]
    [InlineData("KEY@[]:7400")]
    [InlineData("KEY@bad host:7400")]
    [InlineData("KEYa@127.0.0.1:7400")]
    [InlineData("gKEY@127.0.0.1:7400")]
    public void Anything_else_is_refused(string text) =>
        Assert.False(RendezvousAddress.TryParse(text.Replace("KEY", Key, StringComparison.Ordinal), out _));
}
