using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Darkbloom.Node.Engines.Llama.Sampling;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>Turns a request into the tokens that the engine's thread computes, or says why it can't be served.</summary>
internal sealed class RequestPreparer(LlamaModel model, ChatTemplates templates, EngineLoop loop)
{
    /// <summary>The generation, or null and the end that refuses it.</summary>
    public Generation? Prepare(GenerateRequest request, out GenerationEnd? refusal)
    {
        refusal = null;
        string fault = RequestReader.FindFault(request);
        if (fault.Length > 0 || !SamplingSettings.TryCreate(request.Sampling, out SamplingSettings settings, out fault))
        {
            refusal = Invalid(fault);
            return null;
        }

        foreach ((int token, _) in settings.LogitBias)
        {
            if (token >= model.VocabularySize)
            {
                refusal = Invalid($"logit_bias names token {token}, the model has {model.VocabularySize}", "logit_bias");
                return null;
            }
        }

        if (ToldTokens.TryRead(request, model) is not { } told)
        {
            refusal = Invalid("told holds a token that no answer holds");
            return null;
        }

        ChatPrompt? prompt = null;
        refusal = request.TaskCase == GenerateRequest.TaskOneofCase.Completion
            ? ReadCompletion(request.Completion, out int[] tokens)
            : Render(request, out prompt, out tokens);
        if (refusal is null && tokens.Length >= loop.TokensPerSequence)
        {
            prompt?.Dispose();
            refusal = Overflow(tokens.Length.ToString(CultureInfo.InvariantCulture));
        }

        return refusal is not null ? null : new Generation(prompt, tokens, loop.Wake)
        {
            Settings = settings,
            Told = told,
            Stops = [.. request.Stop, .. prompt?.Stops ?? []],
            PreservedTokens = PreservedTokens(prompt),
            Choices = (int)request.Choices,
            OutputTokensMax = request.OutputTokensMax == 0 ? int.MaxValue : (int)Math.Min(request.OutputTokensMax, int.MaxValue),
            TopLogprobs = request.Logprobs ? (int)request.TopLogprobs : null,
        };
    }

    /// <summary>The prompt of a chat as tokens; the caller disposes <paramref name="prompt"/>.</summary>
    public GenerationEnd? Render(GenerateRequest request, out ChatPrompt? prompt, out int[] tokens)
    {
        prompt = null;
        tokens = [];
        if (!RequestReader.TryRead(request, model.Special, out ChatRequestJson? json, out string fault))
        {
            return Invalid(fault, fault.Split(' ')[0]);
        }

        if (FindOverflow(request.Messages.Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Content))) is { } overflow)
        {
            return overflow;
        }

        prompt = templates.Render(json!);
        if (prompt is null)
        {
            return Invalid("the chat template cannot render these messages, tools and schema", "messages");
        }

        tokens = model.Tokenize(prompt.Text);
        if (tokens.Length > 0)
        {
            return null;
        }

        prompt.Dispose();
        prompt = null;
        return Invalid("the messages render to nothing", "messages");
    }

    /// <summary>The tokens of an input.</summary>
    public GenerationEnd? Read(TextInput? input, bool addsSpecial, out int[] tokens)
    {
        tokens = [];
        if (input is null)
        {
            return Invalid("an input is missing", "prompt");
        }

        if (input.Text.Length > 0)
        {
            if (FindOverflow(Encoding.UTF8.GetByteCount(input.Text)) is { } overflow)
            {
                return overflow;
            }

            tokens = model.Tokenize(input.Text, addsSpecial, parsesSpecial: !input.IsPlain);
            return null;
        }

        foreach (uint token in input.Tokens)
        {
            if (token >= (uint)model.VocabularySize)
            {
                return Invalid($"token {token} is none of the model's {model.VocabularySize}", "prompt");
            }
        }

        tokens = [.. input.Tokens.Select(static token => (int)token)];
        return null;
    }

    public static GenerationEnd Invalid(string detail, string param = "") =>
        new() { Fault = InferenceFault.InvalidRequest, Detail = detail, Param = param, Usage = new Usage() };

    private GenerationEnd? ReadCompletion(CompletionTask task, out int[] tokens)
    {
        // A model can only go on from something: an empty prompt becomes the token that begins every text, if there is one.
        if (Read(task.Prompt, addsSpecial: true, out tokens) is { } fault)
        {
            return fault;
        }

        if (tokens.Length == 0)
        {
            tokens = model.Tokenize("", addsSpecial: true, parsesSpecial: false);
        }

        if (tokens.Length == 0)
        {
            tokens = model.TextBeginning is { } beginning ? [beginning] : [];
        }

        if (task.Suffix.Length == 0)
        {
            return tokens.Length > 0 ? null : Invalid("the prompt is empty, and the model has no token to begin with", "prompt");
        }

        if (model.FillInMiddle is not var (prefix, suffix, middle))
        {
            return Invalid("the model fills no gaps", "suffix");
        }

        if (FindOverflow(Encoding.UTF8.GetByteCount(task.Suffix)) is { } overflow)
        {
            return overflow;
        }

        tokens = [prefix, .. tokens, suffix, .. model.Tokenize(task.Suffix, addsSpecial: false, parsesSpecial: false), middle];
        return null;
    }

    /// <summary>A text of more bytes than a full context of the longest tokens can't fit: it isn't even tokenized.</summary>
    private GenerationEnd? FindOverflow(long bytes)
    {
        long tokensMin = bytes / model.PieceBytesMax;
        return tokensMin >= loop.TokensPerSequence ? Overflow($"at least {tokensMin}") : null;
    }

    private GenerationEnd Overflow(string tokens) => new()
    {
        Fault = InferenceFault.ContextLengthExceeded,
        Detail = $"the prompt has {tokens} tokens, the context holds {loop.TokensPerSequence} and one is needed for the answer",
        Usage = new Usage(),
    };

    private HashSet<int> PreservedTokens(ChatPrompt? prompt)
    {
        HashSet<int> preserved = [];
        foreach (string text in prompt?.Preserved ?? [])
        {
            // Only a text that is one token can be hidden as a special token.
            if (model.Tokenize(text) is [int token])
            {
                preserved.Add(token);
            }
        }

        return preserved;
    }
}
