using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Storage;
using Darkbloom.Protocol.Schema;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.Batches;

/// <summary>Gets the answer to one line of a batch, however often it takes to ask.</summary>
/// <param name="endpoints">What makes requests of bodies, by the endpoint's path.</param>
internal sealed class BatchAnswerer(
    IReadOnlyDictionary<string, RequestParse<PreparedAnswer>> endpoints, GenerationRelay relay, IdleLanes lanes, TimeProvider time)
{
    /// <summary>How often a line is asked for whose node fails: what breaks nodes must not go on breaking them.</summary>
    public const int FailuresMax = 5;

    private static readonly TimeSpan RestMin = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(30);

    /// <summary>
    /// 1. Make the request of the line's body; what is wrong with it is the line's result. 2. Wait for an idle slot. 3. Ask;
    /// a line that has to make room waits again. 4. What may succeed later is asked again after a rest.
    /// </summary>
    public async Task<BatchResult> AnswerAsync(BatchLine line, string endpoint, CancellationToken cancellationToken)
    {
        TimeSpan rest = RestMin;
        int failures = 0;
        while (true)
        {
            // Step 1: anew for each try, since a reply collects what one try tells.
            ApiError? error = endpoints[endpoint](line.Body, out PreparedAnswer? prepared)
                ?? (prepared!.Open is null ? null : ApiError.Unsupported("stream", "The lines of a batch are answered whole."));
            if (error is not null)
            {
                return Write(line, null, null, error);
            }

            GenerationEnd? end;
            using (IdleLane lane = await lanes.EnterAsync(prepared!.Answer.Model, cancellationToken)) // Step 2.
            {
                try
                {
                    using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lane.Preempted.Token);
                    (end, error) = await relay.GatherAsync(prepared.Answer, prepared.Reply, either.Token); // Step 3.
                }
                catch (OperationCanceledException) when (lane.Preempted.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    continue;
                }
            }

            error ??= prepared.Reply.Error;
            if (error is null || !MaySucceedLater(error, ref failures))
            {
                return Write(line, prepared, end, error);
            }

            await Task.Delay(rest, time, cancellationToken); // Step 4.
            rest = rest * 2 < RestMax ? rest * 2 : RestMax;
        }
    }

    /// <summary>The result of a line that nobody asked for in time.</summary>
    public static ReadOnlyMemory<byte> WriteExpired(BatchLine line) => WriteResult(line, static json =>
    {
        json.WriteNull("response"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, "batch_expired"u8);
        json.WriteString("message"u8, "This request could not be executed before the completion window expired."u8);
        json.WriteEndObject();
    });

    /// <summary>A mesh without a node for the model now may have one again; a node that failed is one more failure.</summary>
    private static bool MaySucceedLater(ApiError error, ref int failures) => error.Status switch
    {
        StatusCodes.Status404NotFound or StatusCodes.Status503ServiceUnavailable => true,
        >= StatusCodes.Status500InternalServerError => ++failures < FailuresMax,
        _ => false,
    };

    private static BatchResult Write(BatchLine line, PreparedAnswer? prepared, GenerationEnd? end, ApiError? error)
    {
        ReadOnlyMemory<byte> result = WriteResponse(line, error?.Status ?? StatusCodes.Status200OK, json =>
        {
            if (error is null)
            {
                prepared!.Reply.Write(json, end!);
            }
            else
            {
                ApiResponses.WriteError(json, error);
            }
        });
        return result.Length <= SealedLog.RecordBytesMax - BatchResult.HeaderBytes
            ? new BatchResult(line.Index, error is not null, BatchTokens.Of(end?.Usage), result)
            : Write(line, null, null, ApiError.Internal());
    }

    private static ReadOnlyMemory<byte> WriteResponse(BatchLine line, int status, Action<Utf8JsonWriter> writeBody) => WriteResult(line, json =>
    {
        json.WriteStartObject("response"u8);
        json.WriteNumber("status_code"u8, status);
        json.WriteString("request_id"u8, ApiExchange.NewId("req_"));
        json.WritePropertyName("body"u8);
        writeBody(json);
        json.WriteEndObject();
        json.WriteNull("error"u8);
    });

    private static ReadOnlyMemory<byte> WriteResult(BatchLine line, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, ApiResponses.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, ApiExchange.NewId("batch_req_"));
            json.WriteString("custom_id"u8, line.CustomId);
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
