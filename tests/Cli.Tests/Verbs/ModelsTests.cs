using System;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Node.Models;
using Xunit;

namespace Darkbloom.Cli.Tests.Verbs;

public sealed class ModelsTests : IDisposable
{
    private static readonly string BuiltIn = Path.Combine(ModelCatalogue.ShippedDirectory, ModelCatalogue.BuiltInId + ".gguf");

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("models")]
    [InlineData("models", "list")]
    public async Task The_built_in_model_is_listed(params string[] arguments)
    {
        TestTerminal terminal = Terminal();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync(arguments));
        Assert.Contains(ModelCatalogue.BuiltInId, terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_is_JSON_on_request()
    {
        TestTerminal terminal = Terminal();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("models", "--json"));
        using JsonDocument document = JsonDocument.Parse(terminal.Output);
        Assert.Equal(64, document.RootElement[0].GetProperty("sha256").GetString()!.Length);
    }

    [Fact]
    public async Task A_file_is_added_verified_and_found_changed()
    {
        TestTerminal added = Terminal();
        Assert.Equal(ExitCode.Success, await added.RunAsync("models", "add", BuiltIn, "--id", "mine", "--copy"));
        Assert.Contains("mine", added.Output, StringComparison.Ordinal);

        TestTerminal intact = Terminal();
        Assert.Equal(ExitCode.Success, await intact.RunAsync("models", "verify", "mine", "--json"));
        using JsonDocument document = JsonDocument.Parse(intact.Output);
        Assert.Equal("intact", document.RootElement[0].GetProperty("state").GetString());

        string copy = document.RootElement[0].GetProperty("file").GetString()!;
        byte[] bytes = await File.ReadAllBytesAsync(copy);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(copy, bytes);
        TestTerminal changed = Terminal();
        Assert.Equal(ExitCode.Failure, await changed.RunAsync("models", "verify"));
        Assert.Contains("changed", changed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_file_is_refused_in_words()
    {
        string path = Path.Combine(_directory.FullPath, "short.gguf");
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(BuiltIn))[..1000]);
        TestTerminal terminal = Terminal();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("models", "add", path));
        Assert.DoesNotContain("   at ", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_id_says_what_there_is()
    {
        TestTerminal terminal = Terminal();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("models", "verify", "nothing"));
        Assert.Contains(ModelCatalogue.BuiltInId, terminal.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private TestTerminal Terminal() => new() { Variables = { ["DARKBLOOM_MODELS"] = Path.Combine(_directory.FullPath, "models") } };
}
