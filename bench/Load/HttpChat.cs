using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Load;

/// <summary>A chat request over HTTP, timed: what any OpenAI client does, without a client's own overhead.</summary>
internal sealed class HttpChat(Uri baseAddress, string apiKey, string model) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 512 }) { BaseAddress = baseAddress, Timeout = TimeSpan.FromMinutes(10) };

    public async Task<ChatTiming> AskAsync(string prompt, int tokensMax, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "chat/completions") { Content = Body(prompt, tokensMax) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"HTTP {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(cancellationToken));
        List<double> pieces = [];
        int tokens = 0;
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            double now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            using JsonDocument chunk = JsonDocument.Parse(line.AsMemory(6));
            if (HasText(chunk.RootElement))
            {
                pieces.Add(now);
            }
            else if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
            {
                tokens = usage.GetProperty("completion_tokens").GetInt32();
            }
        }

        return new ChatTiming(pieces, tokens);
    }

    public void Dispose() => _http.Dispose();

    private static bool HasText(JsonElement chunk) =>
        chunk.GetProperty("choices") is { } choices
        && choices.GetArrayLength() > 0
        && choices[0].GetProperty("delta").TryGetProperty("content", out JsonElement content)
        && content.ValueKind == JsonValueKind.String
        && content.GetString() is { Length: > 0 };

    private StringContent Body(string prompt, int tokensMax)
    {
        string body = $$"""{"model":{{Quote(model)}},"messages":[{"role":"user","content":{{Quote(prompt)}}}],"max_tokens":{{tokensMax}},"temperature":0,"stream":true,"stream_options":{"include_usage":true} }""";
        return new StringContent(body, Encoding.UTF8, "application/json");
    }

    private static string Quote(string text) => "\"" + JsonEncodedText.Encode(text) + "\"";
}
