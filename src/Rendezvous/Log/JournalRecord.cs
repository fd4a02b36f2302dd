using System;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;

namespace Darkbloom.Rendezvous.Log;

/// <summary>One fact that the rendezvous must not forget; the journal is the sequence of them.</summary>
/// <remarks><code>
/// 0          8         9        10                   74       82      86     87             87 + n
/// +----------+---------+--------+--------------------+--------+-------+------+--------------+
/// | checksum | version |  kind  |      peer key      |  when  | roles | tier | envelope (n) |
/// +----------+---------+--------+--------------------+--------+-------+------+--------------+
/// </code>
/// Integers are big-endian, <c>when</c> is in Unix seconds. Only <see cref="JournalRecordKind.Granted"/> carries an
/// envelope. The checksum is the beginning of the SHA-256 of all that follows it: the log underneath keeps the length of
/// an entry, but hands out its bytes without looking at its own checksum.
/// </remarks>
public sealed record JournalRecord(
    JournalRecordKind Kind,
    PublicKey Peer,
    UnixTime When,
    PeerRoles Roles,
    TrustTier Tier,
    ReadOnlyMemory<byte> Envelope)
{
    public const byte Version = 1;

    /// <summary>The most that an envelope in a record may take; tickets are capped far below.</summary>
    public const int EnvelopeBytesMax = 4096;

    internal const int HeaderBytes = 87;

    private const int ChecksumBytes = 8;
    private const int VersionOffset = 8;
    private const int KindOffset = 9;
    private const int PeerOffset = 10;
    private const int WhenOffset = 74;
    private const int RolesOffset = 82;
    private const int TierOffset = 86;

    public int Length => HeaderBytes + Envelope.Length;

    /// <summary>Writes <see cref="Length"/> bytes to <paramref name="target"/>.</summary>
    public void Write(Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Envelope.Length, EnvelopeBytesMax);
        target[VersionOffset] = Version;
        target[KindOffset] = (byte)Kind;
        Peer.Write(target[PeerOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(target[WhenOffset..], When.Seconds);
        BinaryPrimitives.WriteUInt32BigEndian(target[RolesOffset..], (uint)Roles);
        target[TierOffset] = (byte)Tier;
        Envelope.Span.CopyTo(target[HeaderBytes..]);
        WriteChecksum(target[VersionOffset..Length], target);
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];
        Write(bytes);
        return bytes;
    }

    /// <summary>Reads one whole record; bytes that no version of this program wrote are refused, never guessed at.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out JournalRecord? record)
    {
        record = null;
        if (source.Length is < HeaderBytes or > HeaderBytes + EnvelopeBytesMax || source[VersionOffset] != Version
            || !HasChecksum(source))
        {
            return false;
        }
        JournalRecordKind kind = (JournalRecordKind)source[KindOffset];
        TrustTier tier = (TrustTier)source[TierOffset];
        bool hasEnvelope = source.Length > HeaderBytes;
        if (kind is < JournalRecordKind.Enrolled or > JournalRecordKind.Revoked
            || tier is < TrustTier.Self or > TrustTier.App
            || hasEnvelope != (kind == JournalRecordKind.Granted)
            || !PublicKey.TryRead(source.Slice(PeerOffset, PublicKey.Size), out PublicKey peer))
        {
            return false;
        }
        record = new JournalRecord(
            kind,
            peer,
            new UnixTime(BinaryPrimitives.ReadInt64BigEndian(source[WhenOffset..])),
            (PeerRoles)BinaryPrimitives.ReadUInt32BigEndian(source[RolesOffset..]),
            tier,
            source[HeaderBytes..].ToArray());
        return true;
    }

    private static bool HasChecksum(ReadOnlySpan<byte> source)
    {
        Span<byte> checksum = stackalloc byte[ChecksumBytes];
        WriteChecksum(source[VersionOffset..], checksum);
        return source.StartsWith(checksum);
    }

    private static void WriteChecksum(ReadOnlySpan<byte> content, Span<byte> target)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _ = SHA256.HashData(content, hash);
        hash[..ChecksumBytes].CopyTo(target);
    }
}

/// <summary>What happened to a peer.</summary>
public enum JournalRecordKind
{
    /// <summary>The peer may renew without the join secret from now on.</summary>
    Enrolled = 1,

    /// <summary>A ticket was signed for the peer.</summary>
    Granted = 2,

    /// <summary>The peer's enrolment was taken back: it gets no ticket any more.</summary>
    Revoked = 3,
}
