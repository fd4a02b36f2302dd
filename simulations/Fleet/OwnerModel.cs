using System.Collections.Immutable;

namespace Darkbloom.Simulations.Fleet;

/// <summary>How long machines stay and stay away, in hours: Weibull distributions.</summary>
/// <remarks>
/// Fitted to the Failure Trace Archive by Javadi, Kondo, Iosup and Epema (JPDC 2013): desktops and networks of 1999 to 2007;
/// no public trace of Macs was found.
/// </remarks>
internal sealed record OwnerModel(string Name, double UpShape, double UpHours, double DownShape, double DownHours)
{
    public static ImmutableArray<OwnerModel> Known { get; } =
    [
        new("nd07cpu", 0.45, 4.16, 0.51, 0.74),
        new("microsoft99", 0.55, 35.3, 0.60, 9.34),
        new("skype06", 0.64, 10.9, 0.63, 9.48),
        new("overnet03", 0.85, 2.04, 0.44, 2.98),
    ];
}
