using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Reads a generation in the order that the response formats need, and turns its failures into a value.</summary>
/// <remarks>
/// A choice is open until its end; the generation ends after all its choices. A node that sends anything else broke the
/// protocol, whatever the layers below let pass.
/// </remarks>
internal sealed class GenerationReader(IAsyncEnumerator<NodeResponse> source, int choices)
{
    private readonly bool[] _choiceEnded = new bool[choices];
    private int _choicesOpen = choices;

    /// <summary>Why <see cref="ReadAsync"/> returned null before the end; set by it.</summary>
    public InferenceException? Failure { get; private set; }

    /// <summary>How long the prompt is, as far as the node has said; set by <see cref="ReadAsync"/>.</summary>
    public uint PromptTokens { get; private set; }

    /// <summary>The last message; set once <see cref="ReadAsync"/> returned null without a failure.</summary>
    public GenerationEnd? End { get; private set; }

    /// <summary>The next delta, vector, piece of a transcript or choice end, or null when there is no more.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NodeResponse?> ReadAsync()
    {
        try
        {
            while (await source.MoveNextAsync())
            {
                NodeResponse response = source.Current;
                switch (response.BodyCase)
                {
                    case NodeResponse.BodyOneofCase.Delta when IsOpen(response.Delta.Choice):
                        return response;
                    case NodeResponse.BodyOneofCase.ChoiceEnd when IsOpen(response.ChoiceEnd.Choice):
                        _choiceEnded[response.ChoiceEnd.Choice] = true;
                        _choicesOpen--;
                        return response;
                    case NodeResponse.BodyOneofCase.Embedding or NodeResponse.BodyOneofCase.TranscriptStart or NodeResponse.BodyOneofCase.TranscriptSegment:
                        return response;
                    case NodeResponse.BodyOneofCase.End when response.End.Fault != InferenceFault.None:
                        Failure = Describe(response.End);
                        return null;
                    case NodeResponse.BodyOneofCase.End when _choicesOpen == 0:
                        End = response.End;
                        return null;
                    case NodeResponse.BodyOneofCase.Prefill:
                        PromptTokens = response.Prefill.TokensTotal;
                        continue;
                    case NodeResponse.BodyOneofCase.Accepted or NodeResponse.BodyOneofCase.Load:
                        continue;
                    default:
                        Fail("A message came out of order.");
                        return null;
                }
            }

            Fail("The generation has no end.");
        }
        catch (InferenceException e)
        {
            Failure = e;
        }

        return null;
    }

    /// <summary>Says that what the node sent cannot be used.</summary>
    public void Fail(string detail) => Failure = new InferenceException(InferenceOutcome.ProtocolViolation, null, detail);

    private bool IsOpen(uint choice) => choice < _choiceEnded.Length && !_choiceEnded[choice];

    private static InferenceException Describe(GenerationEnd end) => new(
        end.Fault switch
        {
            InferenceFault.ContextLengthExceeded => InferenceOutcome.ContextLengthExceeded,
            InferenceFault.InvalidRequest => InferenceOutcome.InvalidRequest,
            InferenceFault.Drained => InferenceOutcome.PeerLost,
            _ => InferenceOutcome.EngineFailed,
        },
        null,
        end.Detail)
    {
        Param = end.Param,
    };
}
