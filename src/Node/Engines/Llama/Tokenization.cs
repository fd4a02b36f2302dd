using System.Collections.Generic;
using System.Text;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Tells the tokens of a text or of a chat's prompt, and the text of tokens; draws nothing.</summary>
internal static class Tokenization
{
    /// <summary>Tokens that one delta carries.</summary>
    private const int DeltaTokens = 512;

    public static IEnumerable<NodeResponse> Run(GenerateRequest request, LlamaModel model, RequestPreparer preparer)
    {
        if (Read(request, preparer, out int[] tokens) is { } fault)
        {
            yield return new NodeResponse { End = fault };
            yield break;
        }

        PieceDecoder decoder = new();
        for (int offset = 0; offset < tokens.Length; offset += DeltaTokens)
        {
            yield return new NodeResponse { Delta = Describe(model, decoder, tokens, offset) };
        }

        string rest = decoder.Finish();
        if (rest.Length > 0)
        {
            yield return new NodeResponse { Delta = new TokenDelta { Offset = (uint)tokens.Length, Content = rest } };
        }

        yield return new NodeResponse { ChoiceEnd = new ChoiceEnd { Reason = FinishReason.Stop } };
        yield return new NodeResponse { End = new GenerationEnd { Usage = new Usage { PromptTokens = (uint)tokens.Length } } };
    }

    private static GenerationEnd? Read(GenerateRequest request, RequestPreparer preparer, out int[] tokens)
    {
        if (request.Messages.Count == 0)
        {
            return preparer.Read(request.Tokenization.Input, request.Tokenization.AddsSpecial, out tokens);
        }

        GenerationEnd? fault = preparer.Render(request, out ChatPrompt? prompt, out tokens);
        prompt?.Dispose();
        return fault;
    }

    private static TokenDelta Describe(LlamaModel model, PieceDecoder decoder, int[] tokens, int offset)
    {
        TokenDelta delta = new() { Offset = (uint)offset };
        StringBuilder text = new();
        for (int index = offset; index < tokens.Length && index < offset + DeltaTokens; index++)
        {
            byte[] piece = model.PieceBytes(tokens[index], rendersSpecial: true);
            delta.TokenIds.Add((uint)tokens[index]);
            delta.Chances.Add(new TokenChance { Token = (uint)tokens[index], Text = Google.Protobuf.ByteString.CopyFrom(piece) });
            text.Append(decoder.Append(piece));
        }

        delta.Content = text.ToString();
        return delta;
    }
}
