using System;
using Darkbloom.Node.Engines.Llama.Native;
using Darkbloom.Node.Models;

namespace Darkbloom.Node.Engines.Llama;

/// <summary>The model's Jinja template: turns requests into prompts. Any thread may use it.</summary>
internal sealed unsafe class ChatTemplates : IDisposable
{
    private readonly ChatTemplatesHandle _handle;

    /// <exception cref="InvalidModelException">The model's template can't be parsed.</exception>
    public ChatTemplates(LlamaModel model, string path)
    {
        byte* error;
        nint value = Shim.dbl_templates_new(model.Handle, "", &error);
        if (value == 0)
        {
            throw new InvalidModelException($"{path}: its chat template is unusable: {NativeText.Take(error)}");
        }

        _handle = new ChatTemplatesHandle(value, model.Handle);
        Source = TakeSource();
        SupportsTools = Shim.dbl_templates_supports_tools(_handle, &error) == 1;
        SupportsThinking = Shim.dbl_templates_supports_thinking(_handle, &error) == 1;
    }

    public string Source { get; }

    public bool SupportsTools { get; }

    /// <summary>The model can think before it answers, in words that the parser tells apart.</summary>
    public bool SupportsThinking { get; }

    /// <summary>Renders a request; null when the template, the tools or the schema can't be used together.</summary>
    /// <remarks>The native reason quotes the request, so it is dropped.</remarks>
    public ChatPrompt? Render(ChatRequestJson request)
    {
        byte* error;
        nint value = Shim.dbl_prompt_new(
            _handle,
            request.Messages,
            request.Tools,
            request.ToolChoice,
            request.Schema,
            request.ReasoningEffort,
            request.ParallelToolCalls ? 1 : 0,
            request.ContinuesFinalMessage ? 1 : 0,
            &error);
        if (value != 0)
        {
            return new ChatPrompt(new ChatPromptHandle(value, _handle));
        }

        Shim.dbl_free(error);
        return null;
    }

    public void Dispose() => _handle.Dispose();

    private string TakeSource()
    {
        byte* error;
        byte* source = Shim.dbl_templates_source(_handle, &error);
        return NativeText.Take(source == null ? error : source);
    }
}
