using System;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Linq;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>A path that the gateway knows, with what metrics, logs and errors must know of it.</summary>
/// <param name="Template">
/// The path, with <c>{id}</c> for what the client names. It is what metrics and logs call the path: it never holds what the
/// client wrote.
/// </param>
internal sealed record ApiPath(ApiRoute Route, string Template, ImmutableArray<string> Methods, ApiDialect Dialect = ApiDialect.OpenAi)
{
    private const string Item = "{id}";

    private static readonly ImmutableArray<string> Get = ["GET"];

    private static readonly ImmutableArray<string> Post = ["POST"];

    private static readonly ImmutableArray<string> GetPost = ["GET", "POST"];

    private static readonly ImmutableArray<string> GetDelete = ["GET", "DELETE"];

    private static readonly ImmutableArray<ApiPath> All =
    [
        new(ApiRoute.Health, "/healthz", Get),
        new(ApiRoute.Ready, "/readyz", Get),
        new(ApiRoute.Metrics, "/metrics", Get),
        new(ApiRoute.Models, "/v1/models", Get),
        new(ApiRoute.Model, "/v1/models/{id}", Get),
        new(ApiRoute.ChatCompletions, "/v1/chat/completions", GetPost),
        new(ApiRoute.StoredChatCompletion, "/v1/chat/completions/{id}", ["GET", "POST", "DELETE"]),
        new(ApiRoute.StoredChatCompletionMessages, "/v1/chat/completions/{id}/messages", Get),
        new(ApiRoute.Responses, "/v1/responses", Post),
        new(ApiRoute.ResponseInputTokens, "/v1/responses/input_tokens", Post),
        new(ApiRoute.Response, "/v1/responses/{id}", GetDelete),
        new(ApiRoute.ResponseCancel, "/v1/responses/{id}/cancel", Post),
        new(ApiRoute.ResponseInputItems, "/v1/responses/{id}/input_items", Get),
        new(ApiRoute.Completions, "/v1/completions", Post),
        new(ApiRoute.Embeddings, "/v1/embeddings", Post),
        new(ApiRoute.Rerank, "/v1/rerank", Post),
        new(ApiRoute.Tokenize, "/tokenize", Post),
        new(ApiRoute.Tokenize, "/v1/tokenize", Post),
        new(ApiRoute.Detokenize, "/detokenize", Post),
        new(ApiRoute.Detokenize, "/v1/detokenize", Post),
        new(ApiRoute.Transcriptions, "/v1/audio/transcriptions", Post),
        new(ApiRoute.Translations, "/v1/audio/translations", Post),
        new(ApiRoute.Files, "/v1/files", GetPost),
        new(ApiRoute.File, "/v1/files/{id}", GetDelete),
        new(ApiRoute.FileContent, "/v1/files/{id}/content", Get),
        new(ApiRoute.Batches, "/v1/batches", GetPost),
        new(ApiRoute.Batch, "/v1/batches/{id}", Get),
        new(ApiRoute.BatchCancel, "/v1/batches/{id}/cancel", Post),
        new(ApiRoute.Messages, "/v1/messages", Post, ApiDialect.Anthropic),
        new(ApiRoute.MessagesCountTokens, "/v1/messages/count_tokens", Post, ApiDialect.Anthropic),
        new(ApiRoute.OllamaChat, "/api/chat", Post, ApiDialect.Ollama),
        new(ApiRoute.OllamaGenerate, "/api/generate", Post, ApiDialect.Ollama),
        new(ApiRoute.OllamaEmbed, "/api/embed", Post, ApiDialect.Ollama),
        new(ApiRoute.OllamaEmbeddings, "/api/embeddings", Post, ApiDialect.Ollama),
        new(ApiRoute.OllamaTags, "/api/tags", Get, ApiDialect.Ollama),
        new(ApiRoute.OllamaShow, "/api/show", Post, ApiDialect.Ollama),
        new(ApiRoute.OllamaPs, "/api/ps", Get, ApiDialect.Ollama),
        new(ApiRoute.OllamaVersion, "/api/version", Get, ApiDialect.Ollama),
    ];

    private static readonly FrozenDictionary<string, ApiPath> Whole =
        All.Where(static path => !path.Template.Contains(Item, StringComparison.Ordinal)).ToFrozenDictionary(static path => path.Template);

    private static readonly ImmutableArray<ApiPath> WithItem = [.. All.Where(static path => path.Template.Contains(Item, StringComparison.Ordinal))];

    /// <summary>The path asks a model for something.</summary>
    public bool IsInference => Route is ApiRoute.ChatCompletions or ApiRoute.Completions or ApiRoute.Embeddings or ApiRoute.Rerank
        or ApiRoute.Tokenize or ApiRoute.Detokenize or ApiRoute.Transcriptions or ApiRoute.Translations or ApiRoute.Responses or ApiRoute.ResponseInputTokens
        or ApiRoute.Messages or ApiRoute.MessagesCountTokens
        or ApiRoute.OllamaChat or ApiRoute.OllamaGenerate or ApiRoute.OllamaEmbed or ApiRoute.OllamaEmbeddings;

    /// <summary>By hand: so few need no router, and an unknown path must be answered in the client's own dialect.</summary>
    /// <param name="item">The model, completion, response, file or batch that the path names.</param>
    public static ApiPath Match(string path, out string item)
    {
        item = "";
        if (Whole.TryGetValue(path, out ApiPath? whole))
        {
            return whole;
        }

        foreach (ApiPath candidate in WithItem)
        {
            if (candidate.TryMatch(path, out item))
            {
                return candidate;
            }
        }

        return Unknown(path);
    }

    private bool TryMatch(string path, out string item)
    {
        item = "";
        int start = Template.IndexOf(Item, StringComparison.Ordinal);
        ReadOnlySpan<char> end = Template.AsSpan(start + Item.Length);
        if (path.Length <= start + end.Length
            || !path.AsSpan().StartsWith(Template.AsSpan(0, start), StringComparison.Ordinal)
            || !path.AsSpan().EndsWith(end, StringComparison.Ordinal))
        {
            return false;
        }

        item = path[start..^end.Length];
        if (Route == ApiRoute.Model)
        {
            // The server decodes every escape but that of the slash, which model ids hold.
            item = item.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            return true;
        }

        return !item.Contains('/', StringComparison.Ordinal);
    }

    private static ApiPath Unknown(string path) => new(
        ApiRoute.Unknown,
        "unknown",
        [],
        path.StartsWith("/api/", StringComparison.Ordinal) ? ApiDialect.Ollama
        : path.StartsWith("/v1/messages", StringComparison.Ordinal) ? ApiDialect.Anthropic
        : ApiDialect.OpenAi);
}
