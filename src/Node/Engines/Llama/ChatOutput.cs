using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Reads one choice's text as an assistant message and tells what each piece adds to it.</summary>
/// <remarks>
/// The template's parser reads all text so far; what it has told before is a prefix of what it tells now, and only the
/// rest goes out. When a later token changes the reading of an earlier one, nothing is sent until the readings agree
/// again: what is sent adds up exactly.
/// </remarks>
internal sealed class ChatOutput(ChatPrompt? prompt, byte[] requestId, int choice)
{
    private readonly StringBuilder _text = new();
    private readonly List<Call> _calls = [];
    private string _content = "";
    private string _reasoning = "";
    private bool _isBegun;

    public bool HasToolCalls => _calls.Count > 0;

    /// <summary>Adds a piece of text and puts into <paramref name="delta"/> what is new in the message.</summary>
    public void Append(string text, bool isLast, TokenDelta delta)
    {
        if (prompt is not { IsStructured: true })
        {
            delta.Content += text;
            return;
        }

        _text.Append(text);
        if (text.Length == 0 && !isLast)
        {
            return;
        }

        if (!_isBegun)
        {
            _isBegun = true;
            SkipPrompt();
        }

        // An answer that was cut off has no complete reading; its partial one stands.
        string all = _text.ToString();
        string? json = (isLast ? prompt.TryParse(all, isPartial: false) : null) ?? prompt.TryParse(all, isPartial: true);
        if (json is null)
        {
            return;
        }

        using JsonDocument message = JsonDocument.Parse(json);
        delta.Content += Rest(ref _content, Text(message.RootElement, "content"));
        delta.Reasoning += Rest(ref _reasoning, Text(message.RootElement, "reasoning_content"));
        if (message.RootElement.TryGetProperty("tool_calls", out JsonElement calls) && calls.ValueKind == JsonValueKind.Array)
        {
            AppendCalls(calls, delta);
        }
    }

    /// <summary>What the parser reads into an empty answer stands in the prompt already: the beginning that is continued.</summary>
    private void SkipPrompt()
    {
        if (prompt!.TryParse("", isPartial: true) is { } json)
        {
            using JsonDocument message = JsonDocument.Parse(json);
            _content = Text(message.RootElement, "content");
        }
    }

    private void AppendCalls(JsonElement calls, TokenDelta delta)
    {
        int index = 0;
        foreach (JsonElement element in calls.EnumerateArray())
        {
            if (!element.TryGetProperty("function", out JsonElement function))
            {
                continue;
            }

            ToolCallDelta added = new() { Index = (uint)index };
            if (index == _calls.Count)
            {
                _calls.Add(new Call());
                added.Id = Text(element, "id") is { Length: > 0 } id ? id : CallId(index);
                added.Name = Text(function, "name");
            }

            Call call = _calls[index++];
            string arguments = call.Arguments;
            added.Arguments = Rest(ref arguments, Text(function, "arguments"));
            call.Arguments = arguments;
            if (added.Name.Length > 0 || added.Arguments.Length > 0)
            {
                delta.ToolCalls.Add(added);
            }
        }
    }

    // The same request gives the same ids on every node, so that a stream can move.
    private string CallId(int index)
    {
        Span<byte> input = stackalloc byte[requestId.Length + 2];
        requestId.CopyTo(input);
        input[^2] = (byte)choice;
        input[^1] = (byte)index;
        return "call_" + Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 12));
    }

    private static string Rest(ref string told, string now)
    {
        if (!now.StartsWith(told, StringComparison.Ordinal))
        {
            return "";
        }

        string rest = now[told.Length..];
        told = now;
        return rest;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() ?? ""
            : "";

    private sealed class Call
    {
        public string Arguments { get; set; } = "";
    }
}
