using System;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes a generation as the events of one dialect.</summary>
internal interface IGenerationStream : IDisposable
{
    const string EventStreamType = "text/event-stream; charset=utf-8";

    string ContentType => EventStreamType;

    /// <summary>Writes what shows that the stream is alive, where the mesh has nothing to tell yet.</summary>
    void WriteKeepalive();

    /// <summary>Learns how long the prompt is; before the first delta, if the node says it at all.</summary>
    void Begin(uint promptTokens)
    {
    }

    /// <summary>False when the delta can't be part of the answer, or makes it larger than the dialect's own end may be.</summary>
    bool TryWriteDelta(TokenDelta delta);

    /// <summary>Writes what is no part of a written answer: a piece of a transcript.</summary>
    void WriteResult(NodeResponse response)
    {
    }

    void WriteChoiceEnd(ChoiceEnd end);

    /// <summary>Writes what follows the last choice, and the stream's own end.</summary>
    void WriteEnd(GenerationEnd end);

    /// <summary>Writes what went wrong after the stream had begun: clients raise it as an API error.</summary>
    void WriteError(ApiError error);
}
