using System;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Routing;

/// <summary>What a node's model does: what its card says, and what a request needs.</summary>
[Flags]
public enum ModelCapabilities
{
    None = 0,

    /// <summary>Answers messages.</summary>
    Chat = 1 << 0,

    /// <summary>Calls tools.</summary>
    Tools = 1 << 1,

    /// <summary>Turns texts into vectors.</summary>
    Embeddings = 1 << 2,

    /// <summary>Sees images.</summary>
    Vision = 1 << 3,

    /// <summary>Thinks before it answers.</summary>
    Reasoning = 1 << 4,

    /// <summary>Fills a gap between a prompt and a suffix.</summary>
    FillInMiddle = 1 << 5,

    /// <summary>Goes on where a plain text stops.</summary>
    Completion = 1 << 6,

    /// <summary>Writes down what a recording says.</summary>
    Transcription = 1 << 7,
}

/// <summary>Reads capabilities off the messages that speak of them.</summary>
public static class ModelCapability
{
    public static ModelCapabilities Of(ModelCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        return If(card.Chat, ModelCapabilities.Chat)
            | If(card.Tools, ModelCapabilities.Tools)
            | If(card.Embeddings, ModelCapabilities.Embeddings)
            | If(card.Vision, ModelCapabilities.Vision)
            | If(card.Reasoning, ModelCapabilities.Reasoning)
            | If(card.FillInMiddle, ModelCapabilities.FillInMiddle)
            | If(card.TextCompletion, ModelCapabilities.Completion)
            | If(card.Transcription, ModelCapabilities.Transcription);
    }

    /// <summary>What a node must do to serve the request.</summary>
    public static ModelCapabilities NeededBy(GenerateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.TaskCase switch
        {
            GenerateRequest.TaskOneofCase.Completion when request.Completion.Suffix.Length > 0 =>
                ModelCapabilities.Completion | ModelCapabilities.FillInMiddle,
            GenerateRequest.TaskOneofCase.Completion => ModelCapabilities.Completion,
            GenerateRequest.TaskOneofCase.Embedding => ModelCapabilities.Embeddings,
            GenerateRequest.TaskOneofCase.Transcription => ModelCapabilities.Transcription,
            GenerateRequest.TaskOneofCase.Tokenization when request.Messages.Count == 0 => ModelCapabilities.None,
            _ => ModelCapabilities.Chat
                | If(request.ToolsJson.Length > 0, ModelCapabilities.Tools)
                | If(request.ReasoningEffort is not ("" or "none"), ModelCapabilities.Reasoning),
        };
    }

    private static ModelCapabilities If(bool isSet, ModelCapabilities capability) =>
        isSet ? capability : ModelCapabilities.None;
}
