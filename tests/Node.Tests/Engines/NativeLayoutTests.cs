using Darkbloom.Node.Engines;
using Darkbloom.Node.Engines.Llama.Native;
using Xunit;

namespace Darkbloom.Node.Tests.Engines;

public sealed class NativeLayoutTests
{
    [Fact]
    public void The_libraries_that_are_shipped_have_the_layout_that_is_called()
    {
        NativeLibraries.Load();
        NativeLayout.Verify();
    }

    [Fact]
    public void Another_version_is_refused_with_both_versions_named()
    {
        EngineUnavailableException exception =
            Assert.Throws<EngineUnavailableException>(() => NativeLayout.VerifyVersion("0.5.0"));

        Assert.Equal("llama.cpp 0.5.0 was found, this build needs 0.4.0.", exception.Message);
    }

    [Fact]
    public void Another_size_is_refused() =>
        Assert.Throws<EngineUnavailableException>(() => NativeLayout.VerifySize("LlamaBatch", 48, 56));
}
