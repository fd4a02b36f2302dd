using System;
using System.Threading.Tasks;
using Darkbloom.Cli.Chats;
using Xunit;

namespace Darkbloom.Cli.Tests.Chats;

public sealed class ChatTests
{
    [Fact]
    public async Task An_answer_is_written_as_it_comes_and_alone()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("chat", "Capital of Japan?", "--url", gateway.Address + "/v1"));
        Assert.Equal("Tokyo." + Environment.NewLine, terminal.Output);
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public async Task A_question_may_come_through_a_pipe()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        TestTerminal terminal = new() { Input = "Capital of Japan?\n" };
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("chat", "--url", gateway.Address + "/v1", "--json"));
        Assert.Equal("Tokyo." + Environment.NewLine, terminal.Output);
        Assert.Contains("""{"finish_reason":"stop","prompt_tokens":12,"completion_tokens":3}""", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_pipe_is_a_usage_error()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        Assert.Equal(ExitCode.Usage, await new TestTerminal().RunAsync("chat", "--url", gateway.Address + "/v1"));
    }

    [Fact]
    public async Task Models_are_listed()
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync();
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.RunAsync("chat", "--models", "--url", gateway.Address + "/v1"));
        Assert.Equal($"darkbloom-tiny{Environment.NewLine}other{Environment.NewLine}", terminal.Output);
    }

    [Theory]
    [InlineData(401, "Incorrect API key provided.", "DARKBLOOM_API_KEY")]
    [InlineData(404, "The model 'x' does not exist.", "--models")]
    [InlineData(503, "No node is reachable.", "darkbloom peers")]
    public async Task A_refusal_is_told_in_the_gateways_words_with_advice(int status, string message, string advice)
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync(status, $$$"""{"error":{"message":"{{{message}}}"}}""");
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("chat", "hi", "--model", "x", "--url", gateway.Address + "/v1"));
        Assert.Contains(message, terminal.Error, StringComparison.Ordinal);
        Assert.Contains(advice, terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"Tok"}}]}""", "broke off")]
    [InlineData("""{"error":{"message":"The node vanished."}}""", "The node vanished.")]
    [InlineData("""{"error":"flat"}""", "flat")]
    [InlineData("not json", "OpenAI endpoint")]
    [InlineData("""{"choices":7}""", "OpenAI endpoint")]
    public async Task An_answer_that_breaks_off_is_a_failure(string data, string expected)
    {
        await using ScriptedGateway gateway = await ScriptedGateway.StartAsync(200, data);
        TestTerminal terminal = new();
        Assert.Equal(ExitCode.Failure, await terminal.RunAsync("chat", "hi", "--model", "x", "--url", gateway.Address + "/v1"));
        Assert.Contains(expected, terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_asked_for_is_not_sent() => Assert.Equal(
        """{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}""",
        new ChatRequest("m", [new ChatMessage("user", "hi")]).ToJson());

    [Fact]
    public void What_is_asked_for_is_sent() => Assert.EndsWith(
        ""","max_completion_tokens":5,"temperature":0.5,"seed":7}""",
        new ChatRequest("m", []) { TokensMax = 5, Temperature = 0.5, Seed = 7 }.ToJson(),
        StringComparison.Ordinal);
}
