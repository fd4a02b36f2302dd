using System;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Stored;

/// <summary>Keeps an answer that is told as it comes.</summary>
internal sealed class KeptStream(IGenerationStream stream, ChatReply reply, Action<GenerationEnd> keep) : IGenerationStream
{
    public string ContentType => stream.ContentType;

    public void WriteKeepalive() => stream.WriteKeepalive();

    public void Begin(uint promptTokens) => stream.Begin(promptTokens);

    public bool TryWriteDelta(TokenDelta delta) => reply.TryAdd(new NodeResponse { Delta = delta }) && stream.TryWriteDelta(delta);

    public void WriteResult(NodeResponse response) => stream.WriteResult(response);

    public void WriteChoiceEnd(ChoiceEnd end)
    {
        _ = reply.TryAdd(new NodeResponse { ChoiceEnd = end });
        stream.WriteChoiceEnd(end);
    }

    public void WriteEnd(GenerationEnd end)
    {
        keep(end);
        stream.WriteEnd(end);
    }

    public void WriteError(ApiError error) => stream.WriteError(error);

    public void Dispose() => stream.Dispose();
}
