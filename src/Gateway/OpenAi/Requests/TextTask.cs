using System.Text.Json;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>A request for something that a model computes on texts, and the form of its answer.</summary>
internal abstract class TextTask
{
    protected TextTask()
    {
        RequestEntropy entropy = RequestEntropy.Draw();
        Generate = new GenerateRequest
        {
            RequestId = ByteString.CopyFrom(entropy.RequestId.Span),
            Choices = 1,
            Sampling = new Sampling { TopP = 1, Seed = entropy.Seed },
        };
    }

    public GenerateRequest Generate { get; }

    /// <summary>What is wrong with the body; set by the constructor.</summary>
    public ApiError? Error { get; protected init; }

    public virtual bool NeedsModel => true;

    /// <summary>The field that makes a request large.</summary>
    public abstract string LargeParam { get; }

    public abstract IGenerationReply NewReply();

    /// <summary>Reads one field that isn't null and isn't the model.</summary>
    protected abstract ApiError? Read(string name, JsonElement value);

    /// <summary>What needs more than one field to judge.</summary>
    protected abstract ApiError? CheckWhole();

    protected ApiError? ReadAll(JsonElement body)
    {
        foreach (JsonProperty field in body.EnumerateObject())
        {
            ApiError? error = field.Value.ValueKind == JsonValueKind.Null ? null
                : field.Name == "model" ? ReadModel(field.Value)
                : Read(field.Name, field.Value);
            if (error is not null)
            {
                return error;
            }
        }

        return CheckWhole();
    }

    private ApiError? ReadModel(JsonElement value)
    {
        ApiError? error = Parameters.ReadString(value, "model", CommonFields.ModelCharsMax, out string model);
        Generate.Model = model;
        return error;
    }
}
