using System.Text.Json;
using System.Threading.Tasks;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Collects a generation and writes it whole, in one dialect.</summary>
internal interface IGenerationReply
{
    /// <summary>False when the message can't be part of the answer, or makes it too large.</summary>
    bool TryAdd(NodeResponse response);

    /// <summary>What the request asks for and this answer can't give; known once everything was added.</summary>
    ApiError? Error => null;

    void Write(Utf8JsonWriter json, GenerationEnd end);

    /// <summary>Sends the answer: as JSON, where the dialect has no other form.</summary>
    ValueTask SendAsync(ApiExchange exchange, GenerationEnd end) => ApiResponses.WriteJsonAsync(exchange, 200, end, Write);
}
