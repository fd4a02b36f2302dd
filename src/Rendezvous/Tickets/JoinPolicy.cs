using System;
using System.Security.Cryptography;
using System.Text;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Rendezvous.Tickets;

/// <summary>Who may enrol: anyone, or whoever knows the join secret; kept as a hash only.</summary>
public sealed class JoinPolicy
{
    /// <summary>Roles that a peer can ask for; only an operator makes a rendezvous.</summary>
    public const PeerRoles GrantableRoles = PeerRoles.Node | PeerRoles.Gateway | PeerRoles.Relay;

    private readonly byte[]? _secretHash;

    /// <param name="joinSecret">Empty: anyone may enrol.</param>
    public JoinPolicy(string joinSecret)
    {
        ArgumentNullException.ThrowIfNull(joinSecret);
        _secretHash = joinSecret.Length == 0 ? null : Hash(joinSecret);
    }

    public bool IsOpen => _secretHash is null;

    /// <summary>Compares in constant time; hashing first hides the length too.</summary>
    public bool Accepts(string presented) =>
        _secretHash is null || CryptographicOperations.FixedTimeEquals(_secretHash, Hash(presented));

    public static bool AreGrantable(PeerRoles roles) => roles != PeerRoles.None && (roles & ~GrantableRoles) == 0;

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
