using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>native/shim/darkbloom_shim.h, under its own names.</summary>
internal static unsafe partial class Shim
{
    private const string Library = NativeLibraries.Shim;

    [LibraryImport(Library)]
    public static partial int dbl_abi_version();

    [LibraryImport(Library)]
    public static partial void dbl_free(void* memory);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint dbl_templates_new(ModelHandle model, string overrideSource, byte** error);

    [LibraryImport(Library)]
    public static partial void dbl_templates_free(nint templates);

    [LibraryImport(Library)]
    public static partial byte* dbl_templates_source(ChatTemplatesHandle templates, byte** error);

    [LibraryImport(Library)]
    public static partial int dbl_templates_supports_tools(ChatTemplatesHandle templates, byte** error);

    [LibraryImport(Library)]
    public static partial int dbl_templates_supports_thinking(ChatTemplatesHandle templates, byte** error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint dbl_prompt_new(
        ChatTemplatesHandle templates,
        string messages,
        string tools,
        string toolChoice,
        string schema,
        string reasoningEffort,
        int parallelToolCalls,
        int continuesFinalMessage,
        byte** error);

    [LibraryImport(Library)]
    public static partial void dbl_prompt_free(nint prompt);

    [LibraryImport(Library)]
    public static partial byte* dbl_prompt_text(ChatPromptHandle prompt);

    [LibraryImport(Library)]
    public static partial int dbl_prompt_is_structured(ChatPromptHandle prompt);

    [LibraryImport(Library)]
    public static partial int dbl_prompt_stop_count(ChatPromptHandle prompt);

    [LibraryImport(Library)]
    public static partial byte* dbl_prompt_stop(ChatPromptHandle prompt, int index);

    [LibraryImport(Library)]
    public static partial int dbl_prompt_preserved_count(ChatPromptHandle prompt);

    [LibraryImport(Library)]
    public static partial byte* dbl_prompt_preserved(ChatPromptHandle prompt, int index);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial byte* dbl_prompt_parse(ChatPromptHandle prompt, string text, int isPartial, byte** error);

    [LibraryImport(Library)]
    public static partial int dbl_grammar_new(ChatPromptHandle prompt, ModelHandle model, nint* grammar, byte** error);

    [LibraryImport(Library)]
    public static partial void dbl_grammar_free(nint grammar);

    [LibraryImport(Library)]
    public static partial int dbl_grammar_apply(GrammarHandle grammar, LlamaTokenDataArray* candidates, byte** error);

    [LibraryImport(Library)]
    public static partial int dbl_grammar_accept(GrammarHandle grammar, int token, byte** error);
}
