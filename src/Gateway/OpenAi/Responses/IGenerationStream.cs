using System;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Writes a generation as the events of one dialect.</summary>
internal interface IGenerationStream : IDisposable
{
    void WriteDelta(TokenDelta delta);

    void WriteChoiceEnd(ChoiceEnd end);

    /// <summary>Writes what follows the last choice, and the stream's own end.</summary>
    void WriteEnd(GenerationEnd end);

    /// <summary>Writes what went wrong after the stream had begun: clients raise it as an API error.</summary>
    void WriteError(ApiError error);
}
