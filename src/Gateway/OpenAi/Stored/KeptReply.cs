using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Stored;

/// <summary>Keeps an answer that is told whole.</summary>
internal sealed class KeptReply(ChatReply reply, Action<GenerationEnd> keep) : IGenerationReply
{
    public bool TryAdd(NodeResponse response) => reply.TryAdd(response);

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        keep(end);
        reply.Write(json, end);
    }
}
