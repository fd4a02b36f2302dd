using Xunit;

namespace Darkbloom.LinkEmulator.Tests;

/// <summary>A test over a real link: it needs Linux, root and TUN.</summary>
internal sealed class LinkFactAttribute : FactAttribute
{
    public LinkFactAttribute() => Skip = EmulatedLink.Unavailable;
}
