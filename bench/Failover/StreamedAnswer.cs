using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;

namespace Darkbloom.Bench.Failover;

/// <summary>What a client got of one streamed answer: everything but what names the request, and when it came.</summary>
internal sealed class StreamedAnswer
{
    private readonly SortedDictionary<int, StringBuilder> _choices = [];

    /// <summary>Pieces of the answer so far.</summary>
    public int Pieces { get; private set; }

    /// <summary>Whether the stream ended as a whole one does.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>The longest wait between two pieces since <see cref="OnLoss"/>, in milliseconds.</summary>
    public double LongestGapMs { get; private set; }

    /// <summary>From the first piece to the last one.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>All that was told, choice by choice: equal answers give equal texts.</summary>
    public string Text
    {
        get
        {
            StringBuilder all = new();
            foreach ((int index, StringBuilder choice) in _choices)
            {
                all.Append(index).Append(": ").Append(choice).Append('\n');
            }

            return all.ToString();
        }
    }

    /// <summary>The node at work is taken away now.</summary>
    public void OnLoss() => LongestGapMs = 0;

    public static Task<StreamedAnswer> ReadAsync(HttpClient http, string body, Action<StreamedAnswer> onPiece) =>
        ReadAsync(http, body, answer =>
        {
            onPiece(answer);
            return true;
        });

    /// <param name="onPiece">Called after each piece, with the answer so far; false leaves.</param>
    public static async Task<StreamedAnswer> ReadAsync(HttpClient http, string body, Predicate<StreamedAnswer> onPiece)
    {
        StreamedAnswer answer = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"HTTP {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }

        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        long first = 0, last = 0;
        while (await lines.ReadLineAsync() is { } line)
        {
            answer.IsFinished |= line == "data: [DONE]";
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                long now = Stopwatch.GetTimestamp();
                (first, last) = first == 0 ? (now, now) : (first, last);
                answer.LongestGapMs = Math.Max(answer.LongestGapMs, Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
                answer.Duration = Stopwatch.GetElapsedTime(first, now);
                last = now;
                answer.Add(line.AsMemory(6));
                if (!onPiece(answer))
                {
                    break;
                }
            }
        }

        return answer;
    }

    private void Add(ReadOnlyMemory<char> json)
    {
        using JsonDocument chunk = JsonDocument.Parse(json);
        Pieces++;
        if (!chunk.RootElement.TryGetProperty("choices", out JsonElement choices))
        {
            return; // an error event: the stream has no end then
        }

        foreach (JsonElement choice in choices.EnumerateArray())
        {
            int index = choice.GetProperty("index").GetInt32();
            if (!_choices.TryGetValue(index, out StringBuilder? told))
            {
                _choices[index] = told = new StringBuilder();
            }

            foreach (JsonProperty part in choice.GetProperty("delta").EnumerateObject())
            {
                Append(told, part);
            }

            // Chances may differ in their last digits: sums over another batch round differently.
            if (choice.TryGetProperty("logprobs", out JsonElement chances) && chances.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonElement token in chances.GetProperty("content").EnumerateArray())
                {
                    told.Append('{').Append(token.GetProperty("token").GetString()).Append('}');
                }
            }

            if (choice.GetProperty("finish_reason") is { ValueKind: JsonValueKind.String } reason)
            {
                told.Append('[').Append(reason.GetString()).Append(']');
            }
        }
    }

    private static void Append(StringBuilder told, JsonProperty part)
    {
        if (part.Name != "tool_calls")
        {
            told.Append(part.Value.ToString());
            return;
        }

        foreach (JsonElement call in part.Value.EnumerateArray())
        {
            // Ids of calls are made from the request's id, which differs between two requests.
            JsonElement function = call.GetProperty("function");
            told.Append(function.TryGetProperty("name", out JsonElement name) ? $"<{name}>" : "");
            told.Append(function.TryGetProperty("arguments", out JsonElement arguments) ? arguments.GetString() : "");
        }
    }
}
