namespace Darkbloom.Mesh.Dispatch;

/// <summary>What happened to a request that waits for slots.</summary>
public readonly record struct AdmissionChange(long Reservation, AdmissionChangeKind Kind);

/// <summary>The kinds of <see cref="AdmissionChange"/>.</summary>
public enum AdmissionChangeKind
{
    /// <summary>It has its slots and may run.</summary>
    Granted,

    /// <summary>Its gateway has given up by now; its place is gone.</summary>
    Expired,

    /// <summary>The node doesn't serve any more; its place is gone.</summary>
    Dropped,
}
