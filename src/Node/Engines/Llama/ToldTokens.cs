using Darkbloom.Protocol.Schema;
using Google.Protobuf.Collections;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>What another node has told of one choice: the engine replays it and goes on behind it.</summary>
/// <param name="HasEnded">Nothing is left to do for the choice.</param>
internal sealed record ToldTokens(int[] Tokens, bool HasEnded)
{
    public static ToldTokens Nothing { get; } = new([], HasEnded: false);

    /// <summary>One for each choice; null when a token is none that the vocabulary has and an answer can hold.</summary>
    public static ToldTokens[]? TryRead(GenerateRequest request, LlamaModel model)
    {
        ToldTokens[] told = new ToldTokens[request.Choices];
        for (int choice = 0; choice < told.Length; choice++)
        {
            told[choice] = Nothing;
            if (request.Told.Count == 0)
            {
                continue;
            }

            ToldChoice read = request.Told[choice];
            if (TryRead(read.TokenIds, model) is not { } tokens)
            {
                return null;
            }

            told[choice] = new ToldTokens(tokens, read.Ended != FinishReason.Unspecified);
        }

        return told;
    }

    private static int[]? TryRead(RepeatedField<uint> ids, LlamaModel model)
    {
        int[] tokens = new int[ids.Count];
        for (int index = 0; index < tokens.Length; index++)
        {
            if (ids[index] >= (uint)model.VocabularySize || model.EndsGeneration((int)ids[index]))
            {
                return null;
            }

            tokens[index] = (int)ids[index];
        }

        return tokens;
    }
}
