using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Chats;

/// <summary>Speaks to an OpenAI endpoint as any client would: nothing here knows of the mesh.</summary>
internal sealed class ChatClient : IDisposable
{
    private const string Done = "[DONE]";

    private readonly HttpClient _http;

    /// <param name="endpoint">Ends with a slash, as in <c>http://127.0.0.1:8484/v1/</c>.</param>
    public ChatClient(Uri endpoint, string? apiKey)
    {
        // A slow answer is no fault: the person at the keyboard decides how long to wait.
        _http = new HttpClient { BaseAddress = endpoint, Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(apiKey))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        }
    }

    /// <summary>The ids of the models that can be asked.</summary>
    /// <exception cref="ChatException">The gateway refused.</exception>
    /// <exception cref="HttpRequestException">It can't be reached.</exception>
    public async Task<ImmutableArray<string>> ModelsAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri("models", UriKind.Relative), cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
            return [.. document.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!)];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ChatException("The server's list of models can't be read: is this an OpenAI endpoint?");
        }
    }

    /// <summary>Streams an answer; disposing the enumerator early tells the gateway to stop.</summary>
    /// <exception cref="ChatException">The gateway refused, or the answer broke off.</exception>
    public async IAsyncEnumerable<ChatPiece> StreamAsync(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpRequestMessage message = new(HttpMethod.Post, new Uri("chat/completions", UriKind.Relative))
        {
            Content = new StringContent(request.ToJson(), Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            if (item.Data == Done)
            {
                yield break;
            }

            yield return ChatPiece.Parse(item.Data);
        }

        throw new ChatException("The answer broke off before its end.");
    }

    public void Dispose() => _http.Dispose();

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        string reason = await ReasonAsync(response, cancellationToken);
        string advice = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => " Give the key with --api-key-file or DARKBLOOM_API_KEY.",
            HttpStatusCode.NotFound => " `darkbloom chat --models` lists what can be asked.",
            HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests => " Try again in a moment; `darkbloom peers` shows who is there.",
            _ => "",
        };
        throw new ChatException($"The gateway answered {(int)response.StatusCode}: {reason}{advice}");
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string text = await response.Content.ReadAsStringAsync(cancellationToken);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty("error", out JsonElement error) && ChatException.Message(error) is { } message
                ? message
                : response.ReasonPhrase ?? "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return response.ReasonPhrase ?? "";
        }
    }
}
