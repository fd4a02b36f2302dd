using System;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>Reads the body of <c>POST /v1/responses</c> once, at the edge, into what the mesh is asked for.</summary>
internal sealed class ResponsesRequestParser
{
    public const int IncludesMax = 16;

    private readonly CommonFields _common;
    private readonly ResponseIds _ids = ResponseIds.Draw();
    private readonly KeptResponses _kept;
    private readonly Dictionary<string, string> _echoes = [];
    private readonly ResponseTools _tools = new();
    private JsonElement? _input;
    private JsonElement? _toolChoice;
    private string _instructions = "";
    private string _previousId = "";
    private bool _store = true;
    private bool _background;
    private bool _truncate;
    private bool _includesLogprobs;
    private bool _summarizes;

    private ResponsesRequestParser(RequestEntropy entropy, KeptResponses kept)
    {
        _common = new CommonFields(entropy);
        _kept = kept;
    }

    private GenerateRequest Generate => _common.Generate;

    /// <summary>Returns what is wrong with the body, or null and the request.</summary>
    /// <param name="kept">Earlier responses of the same client, by which a request may go on.</param>
    public static ApiError? Parse(ReadOnlyMemory<byte> body, RequestEntropy entropy, KeptResponses kept, out ResponsesRequest? request)
    {
        request = null;
        if (JsonBody.Parse(body, out JsonDocument? document) is { } error)
        {
            return error;
        }

        using (document)
        {
            ResponsesRequestParser parser = new(entropy, kept);
            return parser.ReadFields(document!.RootElement) ?? parser.CheckWhole(out request);
        }
    }

    private ApiError? ReadFields(JsonElement body)
    {
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (Read(field.Name, field.Value) is { } error)
            {
                return error;
            }

            if (ResponseObject.Repeats(field.Name))
            {
                _echoes[field.Name] = field.Value.GetRawText();
            }
        }

        return null;
    }

    private ApiError? Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "n" or "max_tokens" or "max_completion_tokens" or "prediction":
                return ApiError.Unknown(name);
            case "store":
                return Parameters.ReadBoolean(value, name, out _store);
            case "background":
                return Parameters.ReadBoolean(value, name, out _background);
            case "parallel_tool_calls":
                ApiError? parallelError = Parameters.ReadBoolean(value, name, out bool parallel);
                Generate.ParallelToolCalls = parallel;
                return parallelError;
            case "input":
                _input = value;
                return null;
            case "instructions":
                return Parameters.ReadString(value, name, out _instructions);
            case "previous_response_id":
                return Parameters.ReadString(value, name, InputItems.IdCharsMax, out _previousId);
            case "max_output_tokens":
                ApiError? error = Parameters.ReadInteger(value, name, 1, int.MaxValue, out long tokens);
                Generate.OutputTokensMax = error is null ? (uint)tokens : 0;
                return error;
            case "max_tool_calls":
                // It counts calls of tools that OpenAI runs by itself, of which there are none here.
                return Parameters.ReadInteger(value, name, 1, int.MaxValue, out _);
            case "top_logprobs":
                ApiError? topError = Parameters.ReadInteger(value, name, 0, ChatRequestParser.TopLogprobsMax, out long count);
                Generate.TopLogprobs = topError is null ? (uint)count : 0;
                return topError;
            case "truncation":
                ApiError? truncationError = Parameters.ReadString(value, name, out string truncation);
                _truncate = truncation == "auto";
                return truncationError
                    ?? (truncation is "auto" or "disabled" ? null : ApiError.InvalidValue(name, truncation, "'auto' and 'disabled'"));
            case "include":
                return ReadInclude(value);
            case "tools":
                return _tools.Read(value);
            case "tool_choice":
                _toolChoice = value;
                return null;
            case "text":
                ApiError? textError = ResponseText.Read(value, out string schema);
                Generate.ResponseSchemaJson = schema;
                return textError;
            case "reasoning":
                return ReadReasoning(value);
            case "conversation" or "prompt" or "context_management" or "moderation" or "prompt_cache_options":
                return ApiError.Unsupported(name, name == "conversation"
                    ? "Use 'previous_response_id', or send the whole conversation in 'input'."
                    : "Remove it from the request.");
            default:
                return _common.TryRead(name, value, out ApiError? commonError) ? commonError : ApiError.Unknown(name);
        }
    }

    private ApiError? ReadInclude(JsonElement value)
    {
        const string Param = "include";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return ApiError.WrongType(Param, "an array of strings", Parameters.Describe(value));
        }

        if (value.GetArrayLength() > IncludesMax)
        {
            return ApiError.TooLong(Param, "array", IncludesMax);
        }

        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            string param = Parameters.At(Param, index++);
            if (Parameters.ReadString(item, param, out string name) is { } error)
            {
                return error;
            }

            switch (name)
            {
                case "message.output_text.logprobs":
                    _includesLogprobs = true;
                    break;
                case "reasoning.encrypted_content" or "file_search_call.results" or "web_search_call.results" or "web_search_call.action.sources" or "code_interpreter_call.outputs"
                    or "computer_call_output.output.image_url" or "message.input_image.image_url":
                    // The first is always there; what the others would add never is.
                    break;
                default:
                    return ApiError.InvalidValue(param, name, "'message.output_text.logprobs' and 'reasoning.encrypted_content'");
            }
        }

        return null;
    }

    private ApiError? ReadReasoning(JsonElement value)
    {
        const string Param = "reasoning";
        if (ToolParser.CheckObject(value, Param, ["effort", "summary", "generate_summary", "context", "mode"]) is { } error)
        {
            return error;
        }

        foreach (string key in (ReadOnlySpan<string>)["summary", "generate_summary"])
        {
            if (ToolParser.IsPresent(value, key, out JsonElement summary))
            {
                _summarizes = true;
                ApiError? summaryError = Parameters.ReadString(summary, $"{Param}.{key}", out string kind)
                    ?? (kind is "auto" or "concise" or "detailed" ? null : ApiError.InvalidValue($"{Param}.{key}", kind, "'auto', 'concise' and 'detailed'"));
                if (summaryError is not null)
                {
                    return summaryError;
                }
            }
        }

        if (!ToolParser.IsPresent(value, "effort", out JsonElement effort))
        {
            return null;
        }

        ApiError? effortError = ChatRequestParser.ReadReasoningEffort(effort, $"{Param}.effort", out string read);
        Generate.ReasoningEffort = read;
        return effortError;
    }

    private ApiError? CheckWhole(out ResponsesRequest? request)
    {
        request = null;
        if (_common.CheckWhole() is { } error)
        {
            return error;
        }

        if (_background && !_store)
        {
            return ApiError.Invalid("'background' needs 'store': what runs in the background is fetched later.", "background", "invalid_parameter_combination");
        }

        if (_background && _common.Stream is not null)
        {
            return ApiError.Invalid("A response in the background is not streamed: poll it, or remove 'background'.", "stream", "invalid_parameter_combination");
        }

        Generate.Logprobs = _includesLogprobs || Generate.TopLogprobs > 0;
        if (ReadConversation(out IReadOnlyList<ResponseItem> items) is { } inputError)
        {
            return inputError;
        }

        if (_tools.Choose(_toolChoice, out string choice) is { } choiceError)
        {
            return choiceError;
        }

        Generate.ToolChoice = choice;
        Generate.ToolsJson = _tools.Offered.Json;
        _echoes["tools"] = _tools.Echo;
        request = new ResponsesRequest(Generate, _common.Stream, _ids)
        {
            Items = items,
            Echoes = _echoes,
            CacheKey = _common.CacheKey,
            IsStored = _store,
            IsBackground = _background,
            MayTruncate = _truncate,
            SummarizesReasoning = _summarizes,
        };
        return RequestSize.Check(Generate, "input");
    }

    /// <summary>Instructions, then what was said up to the previous response, then the input.</summary>
    private ApiError? ReadConversation(out IReadOnlyList<ResponseItem> items)
    {
        items = [];
        Conversation conversation = new(Generate.Messages);
        if (_instructions.Length > 0)
        {
            conversation.Add("system", _instructions);
        }

        InputItems read = new(conversation, _ids, _kept.FindItem);
        if (_previousId.Length > 0)
        {
            if (_kept.Find(_previousId) is not { } previous)
            {
                return ApiError.Invalid(
                    $"Previous response with id '{ApiError.Echo(_previousId)}' not found.", "previous_response_id", "previous_response_not_found");
            }

            if (previous.ReadInto(read) is { } keptError)
            {
                return keptError with { Param = "previous_response_id" };
            }
        }

        if (_input is null && _previousId.Length == 0)
        {
            return ApiError.Missing("input");
        }

        if (_input is { } input && read.Read(input, "input") is { } error)
        {
            return error;
        }

        conversation.EndCalls();
        items = read.Items;
        return items.Count > InputItems.ItemsMax ? ApiError.TooLong("input", "array", InputItems.ItemsMax) : null;
    }
}
