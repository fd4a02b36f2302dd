using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Darkbloom.Node.Engines.Llama.Text;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Turns a generation's events into the messages that travel; the enumerating task owns it.</summary>
internal sealed class GenerationReader
{
    /// <summary>Characters of the prompt that one delta repeats.</summary>
    private const int EchoChars = 16 * 1024;

    private readonly Generation _generation;
    private readonly string _echo;
    private readonly ChatOutput[] _outputs;
    private readonly bool[] _echoed;
    private readonly ChanceBuffer?[] _chances;
    private readonly uint[] _offsets;
    private uint _reasoningTokens;

    /// <param name="echo">The prompt's text where every choice begins with it, otherwise empty.</param>
    public GenerationReader(GenerateRequest request, Generation generation, LlamaModel model, string echo)
    {
        _generation = generation;
        _echo = echo;
        _outputs = new ChatOutput[generation.Choices];
        _chances = new ChanceBuffer?[generation.Choices];
        _offsets = new uint[generation.Choices];
        _echoed = new bool[generation.Choices];
        byte[] requestId = request.RequestId.ToByteArray();
        for (int choice = 0; choice < _outputs.Length; choice++)
        {
            _outputs[choice] = new ChatOutput(generation.Prompt, requestId, choice);
            _chances[choice] = generation.TopLogprobs is null ? null : new ChanceBuffer();
            Replay(choice, model);
        }

        generation.ChancesDue = [.. _chances.Select(static chances => chances?.Expect() ?? 0)];
    }

    public IEnumerable<NodeResponse> Read(EngineEvent e)
    {
        if (e.Kind is EngineEventKind.Token or EngineEventKind.ChoiceEnd && !_echoed[e.Choice])
        {
            _echoed[e.Choice] = true;
            for (int start = 0; start < _echo.Length; start += EchoChars)
            {
                string piece = _echo.Substring(start, Math.Min(EchoChars, _echo.Length - start));
                yield return new NodeResponse { Delta = new TokenDelta { Choice = (uint)e.Choice, Content = piece } };
            }
        }

        switch (e.Kind)
        {
            case EngineEventKind.Prefill:
                PrefillProgress progress = new() { TokensDone = (uint)e.First, TokensTotal = (uint)e.Second };
                yield return new NodeResponse { Prefill = progress };
                break;
            case EngineEventKind.Token:
                yield return new NodeResponse { Delta = Token(e) };
                break;
            case EngineEventKind.Chance:
                _chances[e.Choice]!.Fill(e.Chance!);
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
        _chances[e.Choice]?.Append(e.Chance, e.Text, delta);
        _reasoningTokens += delta.Reasoning.Length > 0 ? 1u : 0;
        return delta;
    }

    /// <summary>Reads what another node has told, token by token as it was read there, and tells nobody.</summary>
    private void Replay(int choice, LlamaModel model)
    {
        TokenText text = new(model, _generation.PreservedTokens, _generation.Stops);
        foreach (int token in _generation.Told[choice].Tokens)
        {
            if (text.IsStopped)
            {
                return; // the engine refuses such tokens
            }

            TokenChance? chance = _chances[choice] is null ? null : model.Unweighed(token);
            Token(new EngineEvent(EngineEventKind.Token, choice, token, Text: text.Append(token), Chance: chance));
        }
    }

    private ChoiceEnd ChoiceEnd(in EngineEvent e)
    {
        TokenDelta rest = new() { Choice = (uint)e.Choice, Offset = _offsets[e.Choice] };
        _outputs[e.Choice].Append(e.Text, isLast: true, rest);
        _chances[e.Choice]?.Append(null, e.Text, rest);
        bool isEmpty = rest.Chances.Count + rest.Content.Length + rest.Reasoning.Length + rest.ToolCalls.Count == 0;
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
            Param = e.Param,
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
