using System;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Presence;

/// <summary>What peers tell one another of a peer, section 8.14: that it is there, where, and roughly what for.</summary>
/// <remarks>
/// The holder signs it, so that it can travel through anybody. Whoever wants to use the peer asks it for more.
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  version = 1  |     roles     | hardware class|     region    |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | reachability  |  models (0..8)|          slots (16)           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                           epoch (64)                        ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                   issued at, Unix seconds (64)              ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                     public key (64 bytes)                   ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      address (16 bytes)                     ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           port (16)           |        relay (8 bytes)      ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |               models (8 bytes each, ascending)              ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                      signature (64 bytes)                   ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// </remarks>
/// <param name="Epoch">Grows with every card of the peer: the newest stands.</param>
/// <param name="Relay">The first bytes of the id of a relay that reaches the peer; zero: none.</param>
/// <param name="Models">Names as <see cref="NameOf"/> makes them, ascending.</param>
public readonly record struct PresenceCard(
    PublicKey Key,
    PeerRoles Roles,
    byte HardwareClass,
    byte Region,
    Reachability Reachability,
    ushort Slots,
    ulong Epoch,
    UnixTime IssuedAt,
    PathAddress Address,
    ulong Relay,
    ImmutableArray<ulong> Models)
{
    public const int ModelsMax = 8;

    public const int BytesMax = FixedBytes + (ModelsMax * ModelBytes) + LowSignature.Size;

    /// <summary>How long a card is believed.</summary>
    public const int LifetimeSeconds = 360;

    private const int FixedBytes = 4 + 4 + 8 + 8 + PublicKey.Size + 16 + 2 + 8;
    private const int ModelBytes = 8;
    private const byte Version = 1;
    private const PeerRoles KnownRoles = PeerRoles.Node | PeerRoles.Gateway | PeerRoles.Relay | PeerRoles.Rendezvous;

    private static ReadOnlySpan<byte> Label => "darkbloom/presence/v1\0"u8;

    public PeerId Peer => PeerId.Of(Key);

    /// <summary>The short name of a model in cards: the first bytes of a hash of its id.</summary>
    public static ulong NameOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes("darkbloom/model/v1\0" + model));
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    /// <summary>Reads a whole card; whether its holder signed it is for <see cref="IsSigned"/> to say.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out PresenceCard card)
    {
        card = default;
        WireReader reader = new(source);
        if (!reader.TryReadByte(out byte version) || version != Version
            || !reader.TryReadByte(out byte roles) || roles == 0 || ((PeerRoles)roles & ~KnownRoles) != 0
            || !reader.TryReadByte(out byte hardwareClass) || !reader.TryReadByte(out byte region)
            || !reader.TryReadByte(out byte reachability) || reachability > (byte)Reachability.Relayed
            || !reader.TryReadByte(out byte models) || models > ModelsMax
            || !reader.TryReadUInt16(out ushort slots)
            || !reader.TryReadUInt64(out ulong epoch)
            || !reader.TryReadUInt64(out ulong issuedAt) || issuedAt > long.MaxValue / 2
            || !reader.TryReadBytes(PublicKey.Size, out ReadOnlySpan<byte> keyBytes) || !PublicKey.TryRead(keyBytes, out PublicKey key)
            || !reader.TryReadUInt64(out ulong addressHigh) || !reader.TryReadUInt64(out ulong addressLow)
            || !reader.TryReadUInt16(out ushort port)
            || !reader.TryReadUInt64(out ulong relay)
            || reader.Remaining != (models * ModelBytes) + LowSignature.Size)
        {
            return false;
        }

        ImmutableArray<ulong>.Builder names = ImmutableArray.CreateBuilder<ulong>(models);
        for (int i = 0; i < models; i++)
        {
            if (!reader.TryReadUInt64(out ulong name) || (i > 0 && name <= names[i - 1]))
            {
                return false;
            }

            names.Add(name);
        }

        card = new PresenceCard(
            key, (PeerRoles)roles, hardwareClass, region, (Reachability)reachability, slots, epoch, new UnixTime((long)issuedAt),
            new PathAddress(new UInt128(addressHigh, addressLow), port), relay, names.MoveToImmutable());
        return true;
    }

    /// <summary>The card as it travels.</summary>
    /// <exception cref="ArgumentException">The identity isn't the card's, or no reader could read it.</exception>
    public byte[] Sign(PeerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Models.Length, ModelsMax);
        byte[] bytes = new byte[FixedBytes + (Models.Length * ModelBytes) + LowSignature.Size];
        WireWriter writer = new(bytes);
        Write(ref writer);
        identity.KeyPair.Sign(Label, writer.Written, writer.Reserve(LowSignature.Size));
        return identity.PublicKey == Key && TryRead(bytes, out _)
            ? bytes
            : throw new ArgumentException("The card isn't this identity's, or its values are out of range.", nameof(identity));
    }

    /// <summary>Whether the bytes of a card that was read are signed by the key that they name.</summary>
    public static bool IsSigned(ReadOnlySpan<byte> source, PublicKey key)
    {
        if (source.Length < LowSignature.Size)
        {
            return false;
        }

        try
        {
            using ECDsa holder = ECDsa.Create(P256.ToParameters(key));
            return LowSignature.IsValid(holder, Label, source[..^LowSignature.Size], source[^LowSignature.Size..]);
        }
        catch (CryptographicException)
        {
            return false; // no point of the curve
        }
    }

    public bool Equals(PresenceCard other) =>
        Key == other.Key
        && (Roles, HardwareClass, Region, Reachability, Slots) == (other.Roles, other.HardwareClass, other.Region, other.Reachability, other.Slots)
        && (Epoch, IssuedAt, Address, Relay) == (other.Epoch, other.IssuedAt, other.Address, other.Relay)
        && Models.AsSpan().SequenceEqual(other.Models.AsSpan());

    public override int GetHashCode() => Epoch.GetHashCode();

    private void Write(ref WireWriter writer)
    {
        writer.WriteByte(Version);
        writer.WriteByte((byte)Roles);
        writer.WriteByte(HardwareClass);
        writer.WriteByte(Region);
        writer.WriteByte((byte)Reachability);
        writer.WriteByte((byte)Models.Length);
        writer.WriteUInt16(Slots);
        writer.WriteUInt64(Epoch);
        writer.WriteUInt64((ulong)IssuedAt.Seconds);
        Key.Write(writer.Reserve(PublicKey.Size));
        writer.WriteUInt64((ulong)(Address.Address >> 64));
        writer.WriteUInt64((ulong)(Address.Address & ulong.MaxValue));
        writer.WriteUInt16(Address.Port);
        writer.WriteUInt64(Relay);
        foreach (ulong model in Models)
        {
            writer.WriteUInt64(model);
        }
    }
}
