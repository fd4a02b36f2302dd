using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>Collects a response that isn't streamed, and writes it whole.</summary>
/// <param name="keep">Runs when the response is whole, before it is written.</param>
internal sealed class ResponseReply(ResponseObject whole, TimeProvider time, Action keep) : IGenerationReply
{
    private readonly PartSequence _parts = new();

    public bool TryAdd(NodeResponse response) => _parts.TryAdd(response);

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        Complete(end);
        whole.Write(json);
    }

    public void Complete(GenerationEnd end)
    {
        whole.Complete(_parts, end, time.GetUtcNow().ToUnixTimeSeconds());
        keep();
    }
}
