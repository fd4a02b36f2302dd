using System;
using System.Collections.Generic;
using Darkbloom.Node.Engines.Llama.Native;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>A rendered prompt, with what is needed to constrain and to read the answer to it.</summary>
internal sealed unsafe class ChatPrompt : IDisposable
{
    private readonly ChatPromptHandle _handle;

    public ChatPrompt(ChatPromptHandle handle)
    {
        _handle = handle;
        Text = NativeText.Read(Shim.dbl_prompt_text(handle));
        IsStructured = Shim.dbl_prompt_is_structured(handle) != 0;
        string[] stops = new string[Shim.dbl_prompt_stop_count(handle)];
        for (int index = 0; index < stops.Length; index++)
        {
            stops[index] = NativeText.Read(Shim.dbl_prompt_stop(handle, index));
        }

        string[] preserved = new string[Shim.dbl_prompt_preserved_count(handle)];
        for (int index = 0; index < preserved.Length; index++)
        {
            preserved[index] = NativeText.Read(Shim.dbl_prompt_preserved(handle, index));
        }

        Stops = stops;
        Preserved = preserved;
    }

    public string Text { get; }

    /// <summary>True when the answer can hold reasoning or tool calls, so that <see cref="TryParse"/> has to read it.</summary>
    public bool IsStructured { get; }

    /// <summary>Strings at which the template ends an answer.</summary>
    public IReadOnlyList<string> Stops { get; }

    /// <summary>Texts whose special tokens the parser has to see.</summary>
    public IReadOnlyList<string> Preserved { get; }

    /// <summary>Reads the answer so far as an OpenAI assistant message in JSON; null when it has another form.</summary>
    public string? TryParse(string text, bool isPartial)
    {
        byte* error;
        byte* json = Shim.dbl_prompt_parse(_handle, text, isPartial ? 1 : 0, &error);
        if (json != null)
        {
            return NativeText.Take(json);
        }

        Shim.dbl_free(error);
        return null;
    }

    /// <summary>The grammar that the answer must obey, null when it needs none.</summary>
    /// <returns>False when the tools or the schema make no grammar.</returns>
    public bool TryCreateGrammar(LlamaModel model, out Grammar? grammar)
    {
        grammar = null;
        nint value;
        byte* error;
        if (Shim.dbl_grammar_new(_handle, model.Handle, &value, &error) != 0)
        {
            Shim.dbl_free(error);
            return false;
        }

        grammar = value == 0 ? null : new Grammar(new GrammarHandle(value, model.Handle), model.VocabularySize);
        return true;
    }

    public void Dispose() => _handle.Dispose();
}
