using System;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>What a path leads to.</summary>
internal enum ApiRoute
{
    Unknown,
    Health,
    Ready,
    Metrics,
    Models,
    Model,
    ChatCompletions,
    Completions,
    Embeddings,
    Rerank,
    Tokenize,
    Detokenize,

    /// <summary>A completion stored earlier: this gateway stores none, so none is ever found.</summary>
    StoredChatCompletion,
}

/// <summary>Tells routes apart by hand: so few need no router, and an unknown path must be answered in OpenAI's words.</summary>
internal static class ApiRoutes
{
    private const string ModelPrefix = "/v1/models/";

    private const string StoredPrefix = "/v1/chat/completions/";

    /// <param name="item">The model or completion that the path names.</param>
    public static ApiRoute Match(string path, out string item)
    {
        item = "";
        switch (path)
        {
            case "/healthz":
                return ApiRoute.Health;
            case "/readyz":
                return ApiRoute.Ready;
            case "/metrics":
                return ApiRoute.Metrics;
            case "/v1/models":
                return ApiRoute.Models;
            case "/v1/chat/completions":
                return ApiRoute.ChatCompletions;
            case "/v1/completions":
                return ApiRoute.Completions;
            case "/v1/embeddings":
                return ApiRoute.Embeddings;
            case "/v1/rerank":
                return ApiRoute.Rerank;
            case "/tokenize" or "/v1/tokenize":
                return ApiRoute.Tokenize;
            case "/detokenize" or "/v1/detokenize":
                return ApiRoute.Detokenize;
            default:
                return MatchItem(path, out item);
        }
    }

    /// <summary>The method that the route is for.</summary>
    public static string Method(this ApiRoute route) => route.IsInference() ? "POST" : "GET";

    /// <summary>The route asks a model for something.</summary>
    public static bool IsInference(this ApiRoute route) => route is ApiRoute.ChatCompletions or ApiRoute.Completions
        or ApiRoute.Embeddings or ApiRoute.Rerank or ApiRoute.Tokenize or ApiRoute.Detokenize;

    /// <summary>What metrics and logs call the route: it never holds what the client wrote.</summary>
    public static string Label(this ApiRoute route) => route switch
    {
        ApiRoute.Health => "/healthz",
        ApiRoute.Ready => "/readyz",
        ApiRoute.Metrics => "/metrics",
        ApiRoute.Models => "/v1/models",
        ApiRoute.Model => "/v1/models/{id}",
        ApiRoute.ChatCompletions => "/v1/chat/completions",
        ApiRoute.Completions => "/v1/completions",
        ApiRoute.Embeddings => "/v1/embeddings",
        ApiRoute.Rerank => "/v1/rerank",
        ApiRoute.Tokenize => "/tokenize",
        ApiRoute.Detokenize => "/detokenize",
        ApiRoute.StoredChatCompletion => "/v1/chat/completions/{id}",
        _ => "unknown",
    };

    private static ApiRoute MatchItem(string path, out string item)
    {
        item = "";
        if (path.Length > ModelPrefix.Length && path.StartsWith(ModelPrefix, StringComparison.Ordinal))
        {
            // The server decodes every escape but that of the slash, which model ids hold.
            item = path[ModelPrefix.Length..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            return ApiRoute.Model;
        }

        if (path.Length > StoredPrefix.Length && path.StartsWith(StoredPrefix, StringComparison.Ordinal))
        {
            item = path[StoredPrefix.Length..].Split('/')[0];
            return ApiRoute.StoredChatCompletion;
        }

        return ApiRoute.Unknown;
    }
}
