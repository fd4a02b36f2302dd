using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>One event of a stream.</summary>
/// <param name="Kind">Its name; of a chat's chunks, which have none, what the chunk brings.</param>
public sealed record StreamedEvent(string Kind, string Data)
{
    public const string Done = "done";

    /// <summary>Reads a stream whole; comments are left out.</summary>
    public static List<StreamedEvent> ReadAll(string text)
    {
        List<StreamedEvent> events = [];
        foreach (string block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string name = "";
            string data = "";
            foreach (string line in block.Split('\n'))
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    name = line["event: ".Length..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data += line["data: ".Length..];
                }
            }

            if (data.Length > 0)
            {
                events.Add(new StreamedEvent(name.Length > 0 ? name : KindOf(data), data));
            }
        }

        return events;
    }

    private static string KindOf(string data)
    {
        if (data == "[DONE]")
        {
            return Done;
        }

        JsonNode chunk = JsonNode.Parse(data)!;
        if (chunk["choices"] is not JsonArray choices)
        {
            return chunk["type"]?.GetValue<string>() ?? "other";
        }

        return choices.Count == 0 ? "usage"
            : choices[0]!["finish_reason"] is not null ? "finish"
            : choices[0]!["delta"]?["role"] is not null ? "role"
            : "delta";
    }
}
