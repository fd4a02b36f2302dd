using Darkbloom.Mesh.Membership;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Mesh.Hosting;

internal static partial class MembershipLog
{
    [LoggerMessage(1, LogLevel.Information, "Membership is {Stage}")]
    public static partial void StageChanged(ILogger logger, MembershipStage stage);

    [LoggerMessage(2, LogLevel.Warning, "{Fault}")]
    public static partial void Faulted(ILogger logger, string fault);

    [LoggerMessage(3, LogLevel.Debug, "The directory has {Count} entries at version {Version}")]
    public static partial void DirectoryChanged(ILogger logger, int count, ulong version);

    [LoggerMessage(4, LogLevel.Error, "Membership's own code failed ({Type}) and goes on: {Trace}")]
    public static partial void Failed(ILogger logger, string type, string? trace);
}
