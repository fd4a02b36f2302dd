using Darkbloom.Node.Engines.Llama.Native;

namespace Darkbloom.Node.Engines.Whisper.Native;

internal sealed class WhisperContextHandle(nint value) : NativeHandle(value, parent: null)
{
    protected override void Free(nint value) => WhisperApi.whisper_free(value);
}

internal sealed class WhisperStateHandle(nint value, WhisperContextHandle context) : NativeHandle(value, context)
{
    protected override void Free(nint value) => WhisperApi.whisper_free_state(value);
}
