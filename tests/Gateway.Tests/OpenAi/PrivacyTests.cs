using System;
using System.Collections.Concurrent;
using System.Net.Http;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi;

public sealed class PrivacyTests
{
    private const string Canary = "canary7351";

    [Fact]
    public async Task No_log_and_no_metric_holds_a_key_a_prompt_an_answer_or_a_path()
    {
        RecordingLoggers log = new();
        ScriptedInference inference = new ScriptedInference().Answers(Say.Text($"{Canary}-answer"), Say.Stop(), Say.End());
        await using GatewayHarness gateway = await GatewayHarness.StartAsync(
            inference, new OpenAiServerOptions { ApiKeys = [$"{Canary}-key"] }, log);
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", $"{Canary}-key");
        using (await gateway.PostAsync($$"""{"model":"acme/tiny","messages":[{"role":"user","content":"{{Canary}}"}],"user":"{{Canary}}"}"""))
        using (await gateway.PostAsync($$"""{"model":"{{Canary}}","{{Canary}}":1}"""))
        using (await gateway.PostAsync($$"""{"model":{{Canary}}}"""))
        using (await gateway.Client.GetAsync($"/{Canary}?{Canary}"))
        using (await gateway.Client.GetAsync($"/v1/models/{Canary}"))
        {
            gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", $"{Canary}-key");
            string metrics = await gateway.Client.GetStringAsync("/metrics");
            gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", $"{Canary}-wrong");
            using HttpResponseMessage denied = await gateway.Client.GetAsync("/v1/models");
            Assert.Equal(401, (int)denied.StatusCode);
            Assert.DoesNotContain(Canary, metrics, StringComparison.Ordinal);
        }

        Assert.NotEmpty(log.Lines);
        Assert.All(log.Lines, line => Assert.DoesNotContain(Canary, line, StringComparison.Ordinal));
    }

    private sealed class RecordingLoggers : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
