using System.Runtime.InteropServices;

namespace Darkbloom.Node.Engines.Llama.Native;

/// <summary>A native object that keeps the object it was made from alive until it is freed itself.</summary>
internal abstract class NativeHandle : SafeHandle
{
    private readonly SafeHandle? _parent;

    protected NativeHandle(nint value, SafeHandle? parent)
        : base(0, ownsHandle: true)
    {
        bool isAdded = false;
        parent?.DangerousAddRef(ref isAdded);
        _parent = parent;
        SetHandle(value);
    }

    public override bool IsInvalid => handle == 0;

    protected abstract void Free(nint value);

    protected sealed override bool ReleaseHandle()
    {
        Free(handle);
        _parent?.DangerousRelease();
        return true;
    }
}

internal sealed class ModelHandle(nint value) : NativeHandle(value, parent: null)
{
    protected override void Free(nint value) => LlamaApi.llama_model_free(value);
}

internal sealed class ContextHandle(nint value, ModelHandle model) : NativeHandle(value, model)
{
    protected override void Free(nint value) => LlamaApi.llama_free(value);
}

internal sealed class ChatTemplatesHandle(nint value, ModelHandle model) : NativeHandle(value, model)
{
    protected override void Free(nint value) => Shim.dbl_templates_free(value);
}

internal sealed class ChatPromptHandle(nint value, ChatTemplatesHandle templates) : NativeHandle(value, templates)
{
    protected override void Free(nint value) => Shim.dbl_prompt_free(value);
}

internal sealed class GrammarHandle(nint value, ModelHandle model) : NativeHandle(value, model)
{
    protected override void Free(nint value) => Shim.dbl_grammar_free(value);
}
