namespace Darkbloom.Mesh.Hosting.Linux;

/// <summary>The values of <c>errno</c> that the calls here answer to; every architecture that .NET runs on has the same.</summary>
internal static class LinuxErrors
{
    public const int Interrupted = 4;
    public const int WouldBlock = 11;
    public const int InvalidArgument = 22;
    public const int NotImplemented = 38;
    public const int NotSupported = 95;
    public const int NoBuffers = 105;
}
