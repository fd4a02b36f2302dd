using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Node.Tests.Engines;

/// <summary>Builds requests and gathers answers.</summary>
internal static class Ask
{
    public static GenerateRequest Request(string question, float temperature = 0, ulong seed = 1) => new()
    {
        RequestId = ByteString.CopyFrom(new byte[16]),
        Model = "darkbloom-tiny",
        Messages = { new ChatMessage { Role = "user", Content = question } },
        Choices = 1,
        Sampling = new Sampling { Temperature = temperature, TopP = 1, Seed = seed },
    };

    public static async Task<Answer> AskAsync(
        this IEngine engine, GenerateRequest request, CancellationToken cancellationToken = default)
    {
        Answer answer = new();
        await foreach (NodeResponse response in engine.GenerateAsync(request, cancellationToken))
        {
            answer.Add(response);
        }

        return answer;
    }
}

/// <summary>What a generation told, in order.</summary>
internal sealed class Answer
{
    public List<TokenDelta> Deltas { get; } = [];

    public List<PrefillProgress> Prefills { get; } = [];

    public List<ChoiceEnd> ChoiceEnds { get; } = [];

    public GenerationEnd? End { get; private set; }

    public string Text => Content(0);

    public FinishReason Reason => ChoiceEnds.Single().Reason;

    public List<uint> Tokens => TokensOf(0);

    public string Content(uint choice) =>
        string.Concat(Deltas.Where(d => d.Choice == choice).Select(d => d.Content))
        + string.Concat(ChoiceEnds.Where(end => end.Choice == choice).Select(end => end.Rest?.Content));

    public List<uint> TokensOf(uint choice) => [.. Deltas.Where(d => d.Choice == choice).SelectMany(d => d.TokenIds)];

    public void Add(NodeResponse response)
    {
        switch (response.BodyCase)
        {
            case NodeResponse.BodyOneofCase.Delta:
                Deltas.Add(response.Delta);
                break;
            case NodeResponse.BodyOneofCase.ChoiceEnd:
                ChoiceEnds.Add(response.ChoiceEnd);
                break;
            case NodeResponse.BodyOneofCase.Prefill:
                Prefills.Add(response.Prefill);
                break;
            default:
                End = response.End;
                break;
        }
    }
}
