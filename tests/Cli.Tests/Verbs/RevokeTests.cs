using System;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.Cli.Tests.Verbs;

public sealed class RevokeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("0123456", ExitCode.Usage)]
    [InlineData("01234567", ExitCode.Failure)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF", ExitCode.Failure)]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", ExitCode.Usage)]
    [InlineData("gateway1", ExitCode.Usage)]
    public async Task An_id_is_8_to_64_hexadecimal_digits(string id, object expected)
    {
        TestTerminal terminal = new();
        Assert.Equal((ExitCode)expected, await terminal.RunAsync("rendezvous", "revoke", id, "--state", _directory.FullPath));
        Assert.Contains(id, terminal.Error, StringComparison.Ordinal);
        Assert.Empty(terminal.Output);
    }

    [Fact]
    public async Task The_result_is_JSON_on_request()
    {
        TestTerminal terminal = new();
        _ = await terminal.RunAsync("rendezvous", "revoke", "01234567", "--state", _directory.FullPath, "--json");
        Assert.Equal("""{"id":"01234567","result":"unknown"}""", terminal.Output.Trim());
    }

    public void Dispose() => _directory.Dispose();
}
