using System;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.Responses;

/// <summary>Collects a response that isn't streamed, and writes it whole.</summary>
/// <param name="keep">Runs when the response is whole, before it is written.</param>
internal sealed class ResponseReply(ResponseObject response, TimeProvider time, Action keep) : IGenerationReply
{
    private readonly PartSequence _parts = new();

    public bool TryAdd(NodeResponse message)
    {
        if (message.BodyCase == NodeResponse.BodyOneofCase.ChoiceEnd)
        {
            _parts.End(message.ChoiceEnd);
            return true;
        }

        return message.BodyCase == NodeResponse.BodyOneofCase.Delta && _parts.TryAdd(message.Delta);
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        Complete(end);
        response.Write(json);
    }

    public void Complete(GenerationEnd end)
    {
        response.Complete(_parts, end, time.GetUtcNow().ToUnixTimeSeconds());
        keep();
    }
}
