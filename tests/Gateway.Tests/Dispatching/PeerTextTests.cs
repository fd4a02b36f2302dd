using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

public sealed class PeerTextTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData(" \t\r\n\0", null)]
    [InlineData("too long", "too long")]
    [InlineData("a\u001b[2Jb\u0085c", "a [2Jb c")]
    public void Nothing_but_plain_text_is_left(string text, string? clean) => Assert.Equal(clean, PeerText.Clean(text));

    [Theory]
    [InlineData(-1, -1)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    public void It_is_cut_to_its_limit(int beyond, int left) =>
        Assert.Equal(
            InferenceLimits.DetailCharsMax + left, PeerText.Clean(new string('x', InferenceLimits.DetailCharsMax + beyond))!.Length);
}
