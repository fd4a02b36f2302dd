using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Anthropic;
using Darkbloom.Gateway.Batches;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.Ollama;
using Darkbloom.Gateway.OpenAi.Audio;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.OpenAi.Resuming;
using Darkbloom.Gateway.OpenAi.Stored;
using Darkbloom.Gateway.Responses;
using Darkbloom.Gateway.Storage;
using Darkbloom.Gateway.Telemetry;
using Darkbloom.Mesh.Dispatch;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>What every HTTP request passes: limits, access, routing; then its metrics and its line in the log.</summary>
internal sealed class RequestPipeline : IAsyncDisposable
{
    private readonly OpenAiServerOptions _options;
    private readonly AccessPolicy _access;
    private readonly GatewayMetrics _metrics = new();
    private readonly IInferenceClient _client;
    private readonly ModelsEndpoint _models;
    private readonly ChatCompletionsEndpoint _chat;
    private readonly StoredCompletionsEndpoint _stored;
    private readonly CompletionsEndpoint _completions;
    private readonly TextTasksEndpoint _texts;
    private readonly ResponsesEndpoint _responses;
    private readonly MessagesEndpoint _messages;
    private readonly OllamaEndpoint _ollama;
    private readonly OllamaModels _ollamaModels;
    private readonly AudioEndpoint _audio;
    private readonly FilesEndpoint _files;
    private readonly BatchesEndpoint _batches;
    private readonly IdleLanes _lanes;
    private readonly BatchRunner _runner;
    private readonly ResumableStreams _resumables;
    private readonly ILogger _log;
    private volatile bool _draining;

    /// <param name="disk">Where files and batches are; batches that aren't over go on at once.</param>
    /// <param name="stopping">Cancelled when open requests must end.</param>
    /// <exception cref="InvalidDataException">What the disk has of files or batches is damaged.</exception>
    public RequestPipeline(
        OpenAiServerOptions options, AccessPolicy access, IInferenceClient client, SealedDirectory disk, ILogger log, CancellationToken stopping)
    {
        _options = options;
        _access = access;
        _client = client;
        _log = log;
        GenerationRelay relay = new(_metrics, options.Time, stopping);
        _resumables = relay.Resumables;
        _models = new ModelsEndpoint(client, options.Time.GetUtcNow(), options.ModelAliases);
        ResponseStore completions = new(options.Time);
        _chat = new ChatCompletionsEndpoint(client, _models, relay, completions, options.Time);
        _stored = new StoredCompletionsEndpoint(completions);
        _completions = new CompletionsEndpoint(client, _models, relay, options.Time);
        _texts = new TextTasksEndpoint(client, _models, relay);
        _responses = new ResponsesEndpoint(client, _models, relay, options.Time, log);
        _messages = new MessagesEndpoint(client, _models, relay);
        _ollama = new OllamaEndpoint(client, _models, relay, options.Time);
        _ollamaModels = new OllamaModels(client, _models, options.Time, options.Time.GetUtcNow());
        _audio = new AudioEndpoint(client, _models, relay);
        FileStore files = new(disk, options.Time);
        BatchStore batches = new(disk, files, options.Time);
        _lanes = new IdleLanes(client, relay.Waiting, options.Time);
        BatchAnswerer answerer = new(Batchable(), relay, _lanes, options.Time);
        _runner = new BatchRunner(batches, files, answerer, _models, client, options.Time, log);
        string OwnerOf(ApiExchange exchange) => disk.OwnerOf(AccessPolicy.PresentedKey(exchange.Context.Request));
        _files = new FilesEndpoint(files, OwnerOf);
        _batches = new BatchesEndpoint(batches, _runner, OwnerOf);
        foreach (Batch batch in batches.Open())
        {
            _runner.Start(batch);
        }
    }

    /// <summary>From now on <c>/readyz</c> says no: load balancers look elsewhere while open requests end.</summary>
    public void BeginDrain() => _draining = true;

    /// <summary>Stops batches where they are.</summary>
    public async ValueTask DisposeAsync()
    {
        await _runner.DisposeAsync();
        _lanes.Dispose();
    }

    public async Task HandleAsync(HttpContext context)
    {
        ApiExchange exchange = new(context, _options.Time);
        exchange.PrepareHeaders();
        long open = _metrics.OpenRequest();
        try
        {
            await AdmitAsync(exchange, open);
        }
        catch (Exception e) when (exchange.Gone.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            exchange.Outcome ??= exchange.Path.IsInference ? InferenceOutcome.ClientGone : null;
        }
        catch (Exception e)
        {
            GatewayLog.RequestFailed(_log, e, exchange.RequestId, exchange.Path.Template);
            await FailUnexpectedlyAsync(exchange);
        }
        finally
        {
            Record(exchange);
        }
    }

    /// <summary>The endpoints whose requests a batch may hold.</summary>
    private Dictionary<string, RequestParse<PreparedAnswer>> Batchable() => new()
    {
        ["/v1/chat/completions"] = _chat.Prepare,
        ["/v1/completions"] = _completions.Prepare,
        ["/v1/embeddings"] = (ReadOnlyMemory<byte> body, out PreparedAnswer? prepared) =>
            _texts.Prepare(body, static json => new EmbeddingsTask(json), out prepared),
        ["/v1/responses"] = _responses.Prepare,
    };

    private async Task AdmitAsync(ApiExchange exchange, long open)
    {
        HttpContext context = exchange.Context;
        if (_access.ApplyCors(context))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else if (_access.Check(context.Request, exchange.Route) is { } denied)
        {
            await exchange.FailAsync(denied);
        }
        else if (!ResumableStreams.IsResumption(exchange) && CheckRoute(exchange) is { } misdirected)
        {
            await exchange.FailAsync(misdirected);
        }
        else if (open > _options.RequestsMax && exchange.Route is not (ApiRoute.Health or ApiRoute.Ready or ApiRoute.Metrics))
        {
            await exchange.FailAsync(ApiError.Overloaded());
        }
        else if (ResumableStreams.IsResumption(exchange))
        {
            await _resumables.ResumeAsync(exchange);
        }
        else if (_resumables.Read(exchange) is { } unusable)
        {
            await exchange.FailAsync(unusable);
        }
        else
        {
            await RouteAsync(exchange);
        }
    }

    private ApiError? CheckRoute(ApiExchange exchange)
    {
        HttpRequest request = exchange.Context.Request;
        ApiRoute route = exchange.Route;
        if (route == ApiRoute.Unknown)
        {
            string path = ApiError.Echo(request.Path.Value ?? "");
            return new ApiError(404, $"Invalid URL ({request.Method} {path})", ApiError.InvalidRequestType, null, "unknown_url");
        }

        string method = HttpMethods.IsHead(request.Method) ? "GET" : request.Method;
        ImmutableArray<string> methods = exchange.Path.Methods;
        if (methods.Contains(method))
        {
            return null;
        }

        // Deleting a model that does not exist fails for that reason first.
        if (route == ApiRoute.Model && _models.Find(exchange.Item) is null)
        {
            return ApiError.ModelNotFound(exchange.Item);
        }

        exchange.Context.Response.Headers.Allow = string.Join(", ", methods);
        return new ApiError(
            405,
            $"Not allowed to {request.Method} on {exchange.Path.Template}. (HINT: Perhaps you meant to use a different HTTP method?)",
            ApiError.InvalidRequestType,
            null,
            "method_not_supported");
    }

    private async Task RouteAsync(ApiExchange exchange)
    {
        switch (exchange.Route)
        {
            case ApiRoute.Health:
                await ApiResponses.WriteJsonAsync(exchange, 200, (string?)null, WriteState);
                break;
            case ApiRoute.Ready:
                string? reason = FindReasonNotReady();
                await ApiResponses.WriteJsonAsync(exchange, reason is null ? 200 : 503, reason, WriteState);
                break;
            case ApiRoute.Metrics:
                PrometheusText text = new();
                _metrics.Write(text);
                _options.WriteMetrics?.Invoke(text);
                await ApiResponses.WriteAsync(exchange, 200, PrometheusText.ContentType, Encoding.UTF8.GetBytes(text.ToString()));
                break;
            case ApiRoute.Models:
                await _models.ListAsync(exchange);
                break;
            case ApiRoute.Model:
                await _models.GetAsync(exchange);
                break;
            case ApiRoute.ChatCompletions when !HttpMethods.IsPost(exchange.Context.Request.Method):
                await _stored.ListAsync(exchange);
                break;
            case ApiRoute.StoredChatCompletion:
                await _stored.HandleOneAsync(exchange);
                break;
            case ApiRoute.StoredChatCompletionMessages:
                await _stored.ListMessagesAsync(exchange);
                break;
            case ApiRoute.Completions:
                await _completions.HandleAsync(exchange);
                break;
            case ApiRoute.Responses:
                await _responses.CreateAsync(exchange);
                break;
            case ApiRoute.ResponseInputTokens:
                await _responses.CountAsync(exchange);
                break;
            case ApiRoute.Response:
                await _responses.HandleOneAsync(exchange);
                break;
            case ApiRoute.ResponseCancel:
                await _responses.CancelAsync(exchange);
                break;
            case ApiRoute.ResponseInputItems:
                await _responses.ListInputAsync(exchange);
                break;
            case ApiRoute.Messages:
                await _messages.CreateAsync(exchange);
                break;
            case ApiRoute.MessagesCountTokens:
                await _messages.CountAsync(exchange);
                break;
            case ApiRoute.OllamaChat:
                await _ollama.ChatAsync(exchange);
                break;
            case ApiRoute.OllamaGenerate:
                await _ollama.GenerateAsync(exchange);
                break;
            case ApiRoute.OllamaEmbed or ApiRoute.OllamaEmbeddings:
                bool isOne = exchange.Route == ApiRoute.OllamaEmbeddings;
                await _texts.HandleAsync(exchange, body => new OllamaEmbedTask(body, _models, () => exchange.Elapsed, isOne));
                break;
            case ApiRoute.OllamaTags:
                await _ollamaModels.ListAsync(exchange);
                break;
            case ApiRoute.OllamaPs:
                await _ollamaModels.ListRunningAsync(exchange);
                break;
            case ApiRoute.OllamaShow:
                await _ollamaModels.ShowAsync(exchange);
                break;
            case ApiRoute.OllamaVersion:
                await OllamaModels.TellVersionAsync(exchange);
                break;
            case ApiRoute.Embeddings:
                await _texts.HandleAsync(exchange, static body => new EmbeddingsTask(body));
                break;
            case ApiRoute.Rerank:
                await _texts.HandleAsync(exchange, static body => new RerankTask(body));
                break;
            case ApiRoute.Tokenize:
                await _texts.HandleAsync(exchange, static body => new TokenizeTask(body));
                break;
            case ApiRoute.Detokenize:
                await _texts.HandleAsync(exchange, static body => new DetokenizeTask(body));
                break;
            case ApiRoute.Files:
                await (HttpMethods.IsPost(exchange.Context.Request.Method) ? _files.UploadAsync(exchange) : _files.ListAsync(exchange).AsTask());
                break;
            case ApiRoute.File:
                await _files.HandleOneAsync(exchange);
                break;
            case ApiRoute.FileContent:
                await _files.DownloadAsync(exchange);
                break;
            case ApiRoute.Batches:
                await (HttpMethods.IsPost(exchange.Context.Request.Method) ? _batches.CreateAsync(exchange) : _batches.ListAsync(exchange).AsTask());
                break;
            case ApiRoute.Batch:
                await _batches.GetAsync(exchange);
                break;
            case ApiRoute.BatchCancel:
                await _batches.CancelAsync(exchange);
                break;
            case ApiRoute.Transcriptions or ApiRoute.Translations:
                await _audio.HandleAsync(exchange, translates: exchange.Route == ApiRoute.Translations);
                break;
            default:
                await _chat.HandleAsync(exchange);
                break;
        }
    }

    private string? FindReasonNotReady()
    {
        if (_draining)
        {
            return "the gateway is shutting down";
        }

        if (_options.NotReadyReason is { } ask)
        {
            return ask();
        }

        return _client.Models.Any(static model => model.Nodes > 0) ? null : "no node can be reached";
    }

    private static void WriteState(Utf8JsonWriter json, string? reason)
    {
        json.WriteStartObject();
        json.WriteString("status"u8, reason is null ? "ok" : "unavailable");
        if (reason is not null)
        {
            json.WriteString("reason"u8, reason);
        }

        json.WriteEndObject();
    }

    private static async Task FailUnexpectedlyAsync(ApiExchange exchange)
    {
        if (exchange.Context.Response.HasStarted)
        {
            // A status cannot be taken back: an ended connection is the one sign left that the answer is not whole.
            exchange.Context.Abort();
            return;
        }

        exchange.Context.Response.Clear();
        exchange.PrepareHeaders();
        await exchange.FailAsync(ApiError.Internal());
    }

    private void Record(ApiExchange exchange)
    {
        int status = exchange.Outcome == InferenceOutcome.ClientGone
            ? OutcomeErrors.ClientGoneStatus
            : exchange.Context.Response.StatusCode;
        _metrics.CloseRequest(exchange.Path.Template, status);
        if (exchange.Outcome is { } outcome)
        {
            _metrics.Finish(outcome, exchange.Elapsed);
        }

        GatewayLog.RequestHandled(
            _log, exchange.RequestId, exchange.Path.Template, status, (long)exchange.Elapsed.TotalMilliseconds, exchange.Outcome);
    }
}
