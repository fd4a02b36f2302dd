using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Turns a generation's events into the messages that travel; the enumerating task owns it.</summary>
internal sealed class GenerationReader
{
    private readonly Generation _generation;
    private readonly string _fingerprint;
    private readonly ChatOutput[] _outputs;
    private readonly uint[] _offsets;
    private uint _reasoningTokens;

    public GenerationReader(GenerateRequest request, Generation generation, LlamaModel model, string fingerprint)
    {
        _generation = generation;
        _fingerprint = fingerprint;
        _outputs = new ChatOutput[generation.Choices];
        _offsets = new uint[generation.Choices];
        byte[] requestId = request.RequestId.ToByteArray();
        for (int choice = 0; choice < _outputs.Length; choice++)
        {
            _outputs[choice] = new ChatOutput(generation.Prompt, requestId, choice);
            Replay(choice, new TokenText(model, generation.PreservedTokens, generation.Stops));
        }
    }

    public IEnumerable<NodeResponse> Read(EngineEvent e)
    {
        switch (e.Kind)
        {
            case EngineEventKind.Prefill:
                PrefillProgress progress = new() { TokensDone = (uint)e.First, TokensTotal = (uint)e.Second };
                yield return new NodeResponse { Prefill = progress };
                break;
            case EngineEventKind.Token:
                yield return new NodeResponse { Delta = Token(e) };
                break;
            case EngineEventKind.ChoiceEnd:
                yield return new NodeResponse { ChoiceEnd = ChoiceEnd(e) };
                break;
            case EngineEventKind.End:
                yield return new NodeResponse { End = End(e) };
                break;
            default:
                throw new UnreachableException();
        }
    }

    private TokenDelta Token(in EngineEvent e)
    {
        TokenDelta delta = new() { Choice = (uint)e.Choice, Offset = _offsets[e.Choice]++ };
        delta.TokenIds.Add((uint)e.First);
        _outputs[e.Choice].Append(e.Text, isLast: false, delta);
        _reasoningTokens += delta.Reasoning.Length > 0 ? 1u : 0;
        return delta;
    }

    /// <summary>Reads what another node has told, token by token as it was read there, and tells nobody.</summary>
    private void Replay(int choice, TokenText text)
    {
        foreach (int token in _generation.Told[choice].Tokens)
        {
            if (text.IsStopped)
            {
                return; // the engine refuses such tokens
            }

            Token(new EngineEvent(EngineEventKind.Token, choice, token, Text: text.Append(token)));
        }
    }

    private ChoiceEnd ChoiceEnd(in EngineEvent e)
    {
        TokenDelta rest = new() { Choice = (uint)e.Choice, Offset = _offsets[e.Choice] };
        _outputs[e.Choice].Append(e.Text, isLast: true, rest);
        bool isEmpty = rest.Content.Length + rest.Reasoning.Length + rest.ToolCalls.Count == 0;
        return new ChoiceEnd { Choice = (uint)e.Choice, Reason = Reason(e), Rest = isEmpty ? null : rest };
    }

    private FinishReason Reason(in EngineEvent e) =>
        e.Reason == FinishReason.Stop && _outputs[e.Choice].HasToolCalls ? FinishReason.ToolCalls : e.Reason;

    private GenerationEnd End(in EngineEvent e)
    {
        uint written = 0;
        foreach (uint offset in _offsets)
        {
            written += offset;
        }

        return new GenerationEnd
        {
            Fault = e.Fault,
            Detail = e.Text,
            Fingerprint = _fingerprint,
            Usage = new Usage
            {
                PromptTokens = (uint)_generation.PromptTokens.Length,
                CachedPromptTokens = (uint)_generation.CachedTokens,
                CompletionTokens = written,
                ReasoningTokens = _reasoningTokens,
                PrefillUs = Microseconds(_generation.StartTimestamp, _generation.FirstTokenTimestamp),
                DecodeUs = Microseconds(_generation.FirstTokenTimestamp, _generation.EndTimestamp),
            },
        };
    }

    private static ulong Microseconds(long start, long end) =>
        start == 0 || end == 0 ? 0 : (ulong)Stopwatch.GetElapsedTime(start, end).TotalMicroseconds;
}
