using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Puts a recorded request where it can be asked again: another model, and states of its own.</summary>
internal sealed class ExchangeSetting(HttpClient http, string model)
{
    public const string FilesPath = "/v1/files";

    private const string ResponsesPath = "/v1/responses";
    private const string BatchesPath = "/v1/batches";
    private const string ChatPath = "/v1/chat/completions";

    /// <summary>Lines of a batch: enough that it isn't over before it can be cancelled.</summary>
    private const int BatchLines = 50;

    /// <summary>The path to ask; whatever it names, or lists, is made first.</summary>
    public async Task<string> PrepareAsync(RecordedExchange exchange)
    {
        string[] pieces = exchange.Path.Split('?');
        if (exchange is { Status: 200, Method: "GET" } && pieces[0] is ChatPath or BatchesPath)
        {
            for (int i = 0; i < 3; i++)
            {
                _ = pieces[0] == ChatPath ? await StoreCompletionAsync(exchange) : await CreateBatchAsync();
            }

            return exchange.Path;
        }

        string? made = exchange.Status != 200 ? null
            : exchange.Path.StartsWith(FilesPath + "/", System.StringComparison.Ordinal) ? await UploadAsync("notes", "user_data")
            : exchange.Path.StartsWith(BatchesPath + "/", System.StringComparison.Ordinal) ? await CreateBatchAsync()
            : exchange.Path.StartsWith(ChatPath + "/", System.StringComparison.Ordinal) ? await StoreCompletionAsync(exchange)
            : null;
        if (made is not null)
        {
            string[] parts = exchange.Path.Split('/');
            int named = System.Array.FindIndex(parts, static part => part.StartsWith("file-", System.StringComparison.Ordinal)
                || part.StartsWith("batch_", System.StringComparison.Ordinal) || part.StartsWith("chatcmpl-", System.StringComparison.Ordinal));
            parts[named] = made;
            return string.Join('/', parts);
        }

        if (exchange.Status == 200 && exchange.Path.StartsWith(ResponsesPath + "/resp_", System.StringComparison.Ordinal))
        {
            string rest = exchange.Path[(ResponsesPath.Length + 1)..];
            int end = rest.IndexOfAny(['/', '?']);
            bool isCancelled = rest.EndsWith("/cancel", System.StringComparison.Ordinal);
            string id = await CreateResponseAsync([Message("One"), Message("Two"), Message("Three"), Message("Four")], isCancelled);
            return $"{ResponsesPath}/{id}{(end < 0 ? "" : rest[end..])}";
        }

        return exchange.Path.StartsWith("/v1/models/", System.StringComparison.Ordinal) && exchange.Status == 200 ? $"/v1/models/{model}" : exchange.Path;
    }

    /// <summary>The recorded request for this model, led the way that the recorded model went.</summary>
    public async Task<JsonNode> AdaptAsync(RecordedExchange exchange)
    {
        JsonObject request = exchange.Request!.DeepClone().AsObject();
        if (request.ContainsKey("model"))
        {
            request["model"] = model;
        }

        if (exchange.Status == 200)
        {
            SmallModel.Fit(request, exchange);
        }

        if (request["tools"] is JsonArray { Count: > 0 } && request["tool_choice"] is not JsonObject)
        {
            request["tool_choice"] = ExchangeScope.CallsTool(exchange) ? "required" : "none";
        }

        if (request["input_file_id"] is not null)
        {
            request["input_file_id"] = await UploadAsync(BatchText(), "batch");
        }

        if (request["previous_response_id"] is not null)
        {
            request["previous_response_id"] = await CreateResponseAsync([Message("Hello"), .. CallsBefore(request["input"])], isBackground: false);
        }

        return request;
    }

    /// <summary>A form with a file of the recorded name, size and purpose, as the recorded client writes forms.</summary>
    public static MultipartFormDataContent FormLike(RecordedExchange exchange)
    {
        JsonNode told = exchange.Response!;
        return Form(new string('x', told["bytes"]!.GetValue<int>()), told["purpose"]!.GetValue<string>(), told["filename"]!.GetValue<string>());
    }

    private static MultipartFormDataContent Form(string text, string purpose, string name) => new()
    {
        { new ByteArrayContent(Encoding.UTF8.GetBytes(text)), "file", name },
        { new StringContent(purpose), "purpose" },
    };

    private async Task<string> UploadAsync(string text, string purpose)
    {
        using MultipartFormDataContent form = Form(text, purpose, "file.txt");
        return await CreateAsync(FilesPath, form);
    }

    private string BatchText() => string.Join('\n', Enumerable.Range(0, BatchLines).Select(index =>
        $$$"""{"custom_id":"{{{index}}}","method":"POST","url":"{{{ChatPath}}}","body":{"model":"{{{model}}}","messages":[{"role":"user","content":"Tell me a story."}]}}"""));

    private async Task<string> CreateBatchAsync()
    {
        string input = await UploadAsync(BatchText(), "batch");
        using StringContent content = new(
            $$$"""{"input_file_id":"{{{input}}}","endpoint":"{{{ChatPath}}}","completion_window":"24h","metadata":{"testMetadataKey":"a"}}""", Encoding.UTF8, "application/json");
        return await CreateAsync(BatchesPath, content);
    }

    /// <summary>Stores a completion with the words that the recorded one has.</summary>
    private async Task<string> StoreCompletionAsync(RecordedExchange exchange)
    {
        JsonNode? metadata = exchange.Response?["metadata"] ?? exchange.Response?["data"]?[0]?["metadata"];
        JsonObject request = new()
        {
            ["model"] = model,
            ["messages"] = new JsonArray(Message("Hello")),
            ["temperature"] = 0,
            ["store"] = true,
            ["metadata"] = metadata?.DeepClone() ?? new JsonObject(),
        };
        using StringContent content = new(request.ToJsonString(), Encoding.UTF8, "application/json");
        return await CreateAsync(ChatPath, content);
    }

    private async Task<string> CreateAsync(string path, HttpContent content)
    {
        using HttpResponseMessage response = await http.PostAsync(path, content);
        string body = await response.Content.ReadAsStringAsync();
        return JsonNode.Parse(body)?["id"]?.GetValue<string>() ?? throw new HttpRequestException($"Nothing was made at {path}: {body}");
    }

    /// <summary>The calls whose results the input brings.</summary>
    private static IEnumerable<JsonNode> CallsBefore(JsonNode? input) =>
        from item in input as JsonArray ?? []
        where item?["type"]?.GetValue<string>() == "function_call_output"
        select (JsonNode)new JsonObject
        {
            ["type"] = "function_call",
            ["call_id"] = item["call_id"]!.GetValue<string>(),
            ["name"] = "f",
            ["arguments"] = "{}",
        };

    private static JsonObject Message(string text) => new() { ["role"] = "user", ["content"] = text };

    private async Task<string> CreateResponseAsync(IEnumerable<JsonNode> input, bool isBackground)
    {
        JsonObject request = new()
        {
            ["model"] = model,
            ["input"] = new JsonArray([.. input]),
            ["temperature"] = 0,
            ["background"] = isBackground,
        };
        using StringContent content = new(request.ToJsonString(), Encoding.UTF8, "application/json");
        return await CreateAsync(ResponsesPath, content);
    }
}
