using System;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Reads the body of <c>POST /v1/completions</c> once, at the edge.</summary>
internal sealed class CompletionRequestParser
{
    public const int PromptsMax = 64;
    public const int LogprobsMax = 5;

    /// <summary>What OpenAI writes at most when a request doesn't say.</summary>
    public const int OutputTokensDefault = 16;

    private readonly CommonFields _common;
    private readonly CompletionTask _task = new();
    private List<TextInput> _prompts = [];
    private long? _bestOf;

    private CompletionRequestParser(RequestEntropy entropy)
    {
        _common = new CommonFields(entropy);
    }

    private GenerateRequest Generate => _common.Generate;

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, RequestEntropy entropy, out CompletionRequest? request)
    {
        request = null;
        ApiError? error = JsonBody.Parse(body, out JsonDocument? document);
        if (error is not null)
        {
            return error;
        }

        using (document)
        {
            CompletionRequestParser parser = new(entropy);
            foreach (JsonProperty field in document!.RootElement.EnumerateObject())
            {
                if (parser.ReadField(field.Name, field.Value) is { } fieldError)
                {
                    return fieldError;
                }
            }

            error = parser.CheckWhole();
            request = error is null ? parser.Build() : null;
            return error;
        }
    }

    private ApiError? ReadField(string name, JsonElement value)
    {
        if (_common.TryRead(name, value, out ApiError? error))
        {
            return error;
        }

        return name switch
        {
            "prompt" or "suffix" or "echo" or "logprobs" or "best_of" => value.ValueKind == JsonValueKind.Null ? null : ReadOwn(name, value),
            _ => ApiError.Unknown(name),
        };
    }

    private ApiError? ReadOwn(string name, JsonElement value)
    {
        ApiError? error;
        long integer;
        switch (name)
        {
            case "prompt":
                return TextInputs.Read(value, name, PromptsMax, out _prompts);
            case "suffix":
                error = Parameters.ReadString(value, name, out string suffix);
                _task.Suffix = suffix;
                return error;
            case "echo":
                error = Parameters.ReadBoolean(value, name, out bool echo);
                _task.Echo = echo;
                return error;
            case "logprobs":
                error = Parameters.ReadInteger(value, name, 0, LogprobsMax, out integer);
                (Generate.Logprobs, Generate.TopLogprobs) = error is null ? (true, (uint)integer) : (false, 0);
                return error;
            default:
                error = Parameters.ReadInteger(value, name, 1, CommonFields.ChoicesMax, out integer);
                _bestOf = integer;
                return error;
        }
    }

    private ApiError? CheckWhole()
    {
        if (_common.CheckWhole() is { } error)
        {
            return error;
        }

        if (_prompts.Count == 0)
        {
            return ApiError.Missing("prompt");
        }

        if (_bestOf is { } bestOf && bestOf != Generate.Choices)
        {
            return ApiError.UnsupportedValue("best_of", "This gateway returns every choice that it draws: send the value of 'n' or remove it.");
        }

        if (_task.Echo && (Generate.Logprobs || _task.Suffix.Length > 0))
        {
            return ApiError.Invalid(
                "'echo' can't be combined with 'logprobs' or 'suffix': the chances of a prompt's tokens are not told.",
                "echo",
                "invalid_parameter_combination");
        }

        Generate.OutputTokensMax = Generate.OutputTokensMax == 0 ? OutputTokensDefault : Generate.OutputTokensMax;
        return CheckSizes();
    }

    private ApiError? CheckSizes()
    {
        foreach (TextInput prompt in _prompts)
        {
            _task.Prompt = prompt;
            Generate.Completion = _task;
            if (RequestSize.Check(Generate, "prompt") is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private CompletionRequest Build()
    {
        List<GenerateRequest> requests = [];
        foreach (TextInput prompt in _prompts)
        {
            GenerateRequest request = Generate.Clone();
            request.Completion.Prompt = prompt;

            // Each is a request of its own in the mesh.
            byte[] id = request.RequestId.ToByteArray();
            id[^1] ^= (byte)requests.Count;
            request.RequestId = ByteString.CopyFrom(id);
            requests.Add(request);
        }

        return new CompletionRequest(requests, _common.Stream, _common.CacheKey);
    }
}
