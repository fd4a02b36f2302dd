using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes the text of tokens in llama-server's form.</summary>
internal sealed class DetokenizeReply : IGenerationReply
{
    private readonly StringBuilder _text = new();

    public bool TryAdd(NodeResponse response)
    {
        if (response.BodyCase == NodeResponse.BodyOneofCase.Delta)
        {
            _text.Append(response.Delta.Content);
        }

        return response.BodyCase is NodeResponse.BodyOneofCase.Delta or NodeResponse.BodyOneofCase.ChoiceEnd;
    }

    public void Write(Utf8JsonWriter json, GenerationEnd end)
    {
        json.WriteStartObject();
        json.WriteString("content"u8, _text.ToString());
        json.WriteEndObject();
    }
}
