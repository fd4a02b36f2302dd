using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Protocol.Tickets;

/// <summary>The signed part of a ticket, section 3.2: a map from small integers to the ticket's statements.</summary>
/// <remarks>
/// Keys that a reader doesn't know are skipped, so a later issuer may state more; the version changes only when
/// an old reader would misunderstand a ticket.
/// </remarks>
internal static class TicketBody
{
    private const ulong Version = 1;
    private const int SerialSize = 16;
    private const int EntriesMax = 32;
    private const int EvidenceHashSize = 32;

    private enum Key : ulong
    {
        Version = 1,
        Network = 2,
        Serial = 3,
        NotBefore = 4,
        NotAfter = 5,
        Holder = 6,
        ReceiptKey = 7,
        Tier = 8,
        EvidenceHash = 10,
        Roles = 15,
    }

    internal static byte[] Write(Ticket ticket)
    {
        Span<byte> target = stackalloc byte[WireLimits.TicketBytesMax];
        Span<byte> field = stackalloc byte[PublicKey.Size];
        CborWriter writer = new(target);
        writer.WriteMap(ticket.EvidenceHash.IsEmpty ? 9 : 10);
        WriteNumber(ref writer, Key.Version, Version);
        writer.WriteUnsigned((ulong)Key.Network);
        writer.WriteText(Encoding.UTF8.GetBytes(ticket.Network));
        writer.WriteUnsigned((ulong)Key.Serial);
        BinaryPrimitives.WriteUInt128BigEndian(field, ticket.Serial);
        writer.WriteBytes(field[..SerialSize]);
        WriteNumber(ref writer, Key.NotBefore, (ulong)ticket.NotBefore.Seconds);
        WriteNumber(ref writer, Key.NotAfter, (ulong)ticket.NotAfter.Seconds);
        writer.WriteUnsigned((ulong)Key.Holder);
        ticket.Holder.Write(field);
        writer.WriteBytes(field);
        writer.WriteUnsigned((ulong)Key.ReceiptKey);
        ticket.ReceiptKey.Write(field);
        writer.WriteBytes(field);
        WriteNumber(ref writer, Key.Tier, (ulong)ticket.Tier);
        if (!ticket.EvidenceHash.IsEmpty)
        {
            writer.WriteUnsigned((ulong)Key.EvidenceHash);
            writer.WriteBytes(ticket.EvidenceHash.Span);
        }

        WriteNumber(ref writer, Key.Roles, (ulong)ticket.Roles);
        return target[..writer.Length].ToArray();
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Ticket? ticket)
    {
        ticket = null;
        CborReader reader = new(source);
        if (!reader.TryReadMap(EntriesMax, out int count))
        {
            return false;
        }

        Fields fields = new();
        ulong keyMin = 0;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadUnsigned(out ulong key) || key < keyMin || key == ulong.MaxValue
                || !fields.TryRead((Key)key, ref reader))
            {
                return false;
            }

            keyMin = key + 1;
        }

        if (!reader.IsAtEnd || !fields.TryComplete(out ticket) || !IsSound(ticket))
        {
            ticket = null;
            return false;
        }

        return true;
    }

    /// <summary>
    /// What the encoding itself promises: a proof for each tier above self, none for self, a life that ends.
    /// </summary>
    internal static bool IsSound(Ticket ticket) =>
        ticket.NotBefore.Seconds >= 0
        && ticket.NotBefore < ticket.NotAfter
        && ticket.Network.Length > 0
        && Encoding.UTF8.GetByteCount(ticket.Network) <= HandshakePrologue.NetworkBytesMax
        && ticket.Tier switch
        {
            TrustTier.Self => ticket.EvidenceHash.IsEmpty,
            TrustTier.Device or TrustTier.App => ticket.EvidenceHash.Length == EvidenceHashSize,
            _ => false,
        };

    private static void WriteNumber(ref CborWriter writer, Key key, ulong value)
    {
        writer.WriteUnsigned((ulong)key);
        writer.WriteUnsigned(value);
    }

    /// <summary>The statements met so far; a ticket only when none is missing.</summary>
    private ref struct Fields
    {
        private const uint Required = 1 << (int)Key.Version | 1 << (int)Key.Network | 1 << (int)Key.Serial
            | 1 << (int)Key.NotBefore | 1 << (int)Key.NotAfter | 1 << (int)Key.Holder | 1 << (int)Key.ReceiptKey
            | 1 << (int)Key.Tier | 1 << (int)Key.Roles;

        private uint _met;
        private ReadOnlySpan<byte> _network;
        private ReadOnlySpan<byte> _serial;
        private ReadOnlySpan<byte> _holder;
        private ReadOnlySpan<byte> _receiptKey;
        private ReadOnlySpan<byte> _evidenceHash;
        private ulong _version;
        private ulong _notBefore;
        private ulong _notAfter;
        private ulong _tier;
        private ulong _roles;

        internal bool TryRead(Key key, ref CborReader reader)
        {
            _met |= (ulong)key < 32 ? 1U << (int)key : 0;
            return key switch
            {
                Key.Version => reader.TryReadUnsigned(out _version) && _version == Version,
                Key.Network => reader.TryReadText(out _network),
                Key.Serial => reader.TryReadBytes(SerialSize, out _serial),
                Key.NotBefore => reader.TryReadUnsigned(out _notBefore) && _notBefore <= long.MaxValue / TicksPerSecond,
                Key.NotAfter => reader.TryReadUnsigned(out _notAfter) && _notAfter <= long.MaxValue / TicksPerSecond,
                Key.Holder => reader.TryReadBytes(PublicKey.Size, out _holder),
                Key.ReceiptKey => reader.TryReadBytes(PublicKey.Size, out _receiptKey),
                Key.Tier => reader.TryReadUnsigned(out _tier) && _tier <= (ulong)TrustTier.App,
                Key.EvidenceHash => reader.TryReadBytes(EvidenceHashSize, out _evidenceHash),
                Key.Roles => reader.TryReadUnsigned(out _roles) && _roles <= int.MaxValue,
                _ => reader.TrySkip(depth: 1),
            };
        }

        internal readonly bool TryComplete([NotNullWhen(true)] out Ticket? ticket)
        {
            ticket = null;
            if ((_met & Required) != Required
                || !PublicKey.TryRead(_holder, out PublicKey holder)
                || !PublicKey.TryRead(_receiptKey, out PublicKey receiptKey))
            {
                return false;
            }

            ticket = new Ticket(
                Encoding.UTF8.GetString(_network),
                BinaryPrimitives.ReadUInt128BigEndian(_serial),
                new UnixTime((long)_notBefore),
                new UnixTime((long)_notAfter),
                holder,
                receiptKey,
                (PeerRoles)_roles,
                (TrustTier)_tier,
                _evidenceHash.ToArray());
            return true;
        }

        /// <summary>Times stay far enough from the end of a TimeSpan that adding a skew can't overflow.</summary>
        private const long TicksPerSecond = TimeSpan.TicksPerSecond * 2;
    }
}
