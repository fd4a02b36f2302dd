using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>One recorded request to OpenAI and its response.</summary>
public sealed record RecordedExchange(
    string Id, string Method, string Path, JsonNode? Request, int Status, JsonObject ResponseHeaders, JsonNode? Response)
{
    private const string RelativePath = "shared/conformance/openai-exchanges.jsonl";

    /// <summary>Null when no directory above this assembly has the recordings.</summary>
    public static string? File { get; } = Find();

    public static IEnumerable<RecordedExchange> ReadAll()
    {
        foreach (string line in System.IO.File.ReadLines(File!))
        {
            JsonNode exchange = JsonNode.Parse(line)!;
            yield return new RecordedExchange(
                exchange["id"]!.GetValue<string>(),
                exchange["method"]!.GetValue<string>(),
                exchange["path"]!.GetValue<string>(),
                exchange["request"],
                exchange["status"]!.GetValue<int>(),
                exchange["responseHeaders"]!.AsObject(),
                exchange["response"]);
        }
    }

    private static string? Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string path = System.IO.Path.Combine(directory.FullName, RelativePath);
            if (System.IO.File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
