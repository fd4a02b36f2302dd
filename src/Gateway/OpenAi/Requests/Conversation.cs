using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;
using Google.Protobuf.Collections;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>Puts together the messages that nodes read, for dialects whose turns come in other pieces.</summary>
/// <remarks>Calls that follow the assistant's words, or each other, are one message, as templates expect.</remarks>
internal sealed class Conversation(RepeatedField<ChatMessage> messages)
{
    private readonly HashSet<string> _callIds = [];
    private readonly List<(string Id, string Name, string Arguments)> _calls = [];

    public int Count => messages.Count;

    public void Add(string role, string content)
    {
        EndCalls();
        messages.Add(new ChatMessage { Role = role, Content = content });
    }

    /// <summary>The assistant calls a tool, in the message before if that is its own.</summary>
    public void AddCall(string id, string name, string arguments)
    {
        if (messages.Count == 0 || messages[^1].Role != "assistant")
        {
            messages.Add(new ChatMessage { Role = "assistant" });
        }

        _callIds.Add(id);
        _calls.Add((id, name, arguments));
    }

    /// <summary>False when no call before it has the id.</summary>
    public bool TryAddResult(string id, string content)
    {
        EndCalls();
        messages.Add(new ChatMessage { Role = "tool", ToolCallId = id, Content = content });
        return _callIds.Contains(id);
    }

    /// <summary>Writes the calls of the last message into it; called once after all was added.</summary>
    public void EndCalls()
    {
        if (_calls.Count == 0)
        {
            return;
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, ApiResponses.WriterOptions))
        {
            json.WriteStartArray();
            foreach ((string id, string name, string arguments) in _calls)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, id);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, name);
                json.WriteString("arguments"u8, arguments);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        messages[^1].ToolCallsJson = Encoding.UTF8.GetString(buffer.WrittenSpan);
        _calls.Clear();
    }
}
