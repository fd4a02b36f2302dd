namespace Darkbloom.Protocol.Tickets;

/// <summary>
/// What a ticket's issuer has proven about its holder; each tier is named by the proof, none by a promise.
/// </summary>
public enum TrustTier
{
    /// <summary>Key continuity alone: the same software key as before.</summary>
    Self = 1,

    /// <summary>Apple attested the device (Managed Device Attestation).</summary>
    Device = 2,

    /// <summary>Apple attested the device and the app on it (App Attest).</summary>
    App = 3,
}
