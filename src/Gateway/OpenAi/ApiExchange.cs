using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi.Resuming;
using Darkbloom.Mesh.Dispatch;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>One HTTP request and what is known of it beside its bytes.</summary>
internal sealed class ApiExchange
{
    private readonly TimeProvider _time;
    private readonly long _started;

    public ApiExchange(HttpContext context, TimeProvider time)
    {
        Context = context;
        _time = time;
        _started = time.GetTimestamp();
        Path = ApiPath.Match(context.Request.Path.Value ?? "", out string item);
        Item = item;
        RequestId = NewId("req_");
        Gone = context.RequestAborted;
    }

    public HttpContext Context { get; }

    public ApiPath Path { get; }

    public ApiRoute Route => Path.Route;

    /// <summary>Whose words the answer is in: Anthropic's clients list models, too, and say who they are.</summary>
    public ApiDialect Dialect => Route is ApiRoute.Models or ApiRoute.Model && Context.Request.Headers.ContainsKey("anthropic-version")
        ? ApiDialect.Anthropic
        : Path.Dialect;

    /// <summary>What the path names, or empty.</summary>
    public string Item { get; }

    public string RequestId { get; }

    public TimeSpan Elapsed => _time.GetElapsedTime(_started);

    /// <summary>How long a stream waits for a client whose connection broke; null: it ends with the connection.</summary>
    public TimeSpan? AbsenceMax { get; set; }

    /// <summary>Cancelled when nobody wants the answer any more.</summary>
    public CancellationToken Gone { get; set; }

    /// <summary>How the mesh ended the request; set by the relay once it knows.</summary>
    public InferenceOutcome? Outcome { get; set; }

    public static string NewId(string prefix) => prefix + RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Sets the headers that every response has.</summary>
    public void PrepareHeaders()
    {
        IHeaderDictionary headers = Context.Response.Headers;
        headers["x-request-id"] = RequestId;
        if (Dialect == ApiDialect.Anthropic)
        {
            headers["request-id"] = RequestId;
        }

        headers["openai-version"] = "2020-10-01";
        headers.AccessControlExposeHeaders = $"X-Request-ID, {ResumableStreams.StreamHeader}";
    }

    /// <summary>Sets what is known only when the response begins.</summary>
    public void StampProcessingTime() =>
        Context.Response.Headers["openai-processing-ms"] =
            ((long)Elapsed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    public ValueTask FailAsync(ApiError error) => ApiResponses.WriteErrorAsync(this, error);
}
