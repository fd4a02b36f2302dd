using System;
using System.Collections.Immutable;
using System.Linq;
using System.Net;
using Darkbloom.Cli.Settings;
using Xunit;

namespace Darkbloom.Cli.Tests.Settings;

public sealed class SettingParsersTests
{
    [Theory]
    [InlineData("127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("localhost:65535", "127.0.0.1:65535")]
    [InlineData("[::1]:7400", "[::1]:7400")]
    [InlineData("0.0.0.0:7400", "0.0.0.0:7400")]
    public void End_points_are_read(string text, string expected)
    {
        Assert.True(SettingParsers.TryEndPoint(text, out IPEndPoint endPoint));
        Assert.Equal(expected, endPoint.ToString());
    }

    [Theory]
    [InlineData("8484")]
    [InlineData(":8484")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.1:80")]
    [InlineData("::1:7400")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("example.com:80")]
    [InlineData("")]
    public void What_is_no_end_point_is_refused(string text) => Assert.False(SettingParsers.TryEndPoint(text, out _));

    [Theory]
    [InlineData("0", false)]
    [InlineData("1", true)]
    [InlineData("2", true)]
    [InlineData("3", false)]
    [InlineData("+1", false)]
    [InlineData("1.0", false)]
    [InlineData(" 1", false)]
    public void Numbers_stay_within_their_limits(string text, bool accepted) =>
        Assert.Equal(accepted, SettingParsers.Number(1, 2)(text, out _));

    [Fact]
    public void Words_may_be_separated_by_commas_or_lines()
    {
        Assert.True(SettingParsers.TryWords("one,two\nthree\r\n\n", out ImmutableArray<string> words));
        Assert.Equal(["one", "two", "three"], words.AsEnumerable());
    }

    [Theory]
    [InlineData("http://127.0.0.1:8484/v1", "http://127.0.0.1:8484/v1/")]
    [InlineData("https://example.com/v1/", "https://example.com/v1/")]
    public void A_web_address_ends_with_a_slash_so_that_paths_can_be_added(string text, string expected)
    {
        Assert.True(SettingParsers.TryWebAddress(text, out Uri address));
        Assert.Equal(expected, address.AbsoluteUri);
    }

    [Theory]
    [InlineData("127.0.0.1:8484")]
    [InlineData("ftp://example.com")]
    [InlineData("file:///etc/passwd")]
    public void Other_addresses_are_refused(string text) => Assert.False(SettingParsers.TryWebAddress(text, out _));

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_network_name_has_at_most_64_characters(int characters, bool accepted) =>
        Assert.Equal(accepted, KnownSettings.Network.Accepts(new string('a', characters)));

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("ünder")]
    public void A_network_name_is_plain(string name) => Assert.False(KnownSettings.Network.Accepts(name));

    [Theory]
    [InlineData("modle", "model")]
    [InlineData("http_bind", "http-bind")]
    [InlineData("xyzzy", null)]
    public void A_typo_finds_the_nearest_word(string typo, string? expected) =>
        Assert.Equal(expected, Spelling.Nearest(typo, ["model", "http-bind", "bind"]));
}
