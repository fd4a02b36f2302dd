using System;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Protocol.Wire;

namespace Darkbloom.Protocol.Handshake;

/// <summary>What each handshake message carries, section 4.6: who is speaking, since when, and on what terms.</summary>
/// <remarks>
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |            sender's clock, Unix seconds (8)                 ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   ticket length, 0..900       |  ticket                     ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   parameters: id (i), length (i), value; ids ascend         ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// </code>
/// Ascending ids leave one encoding of a list and no room for duplicates.
/// </remarks>
public readonly ref struct HandshakePayload
{
    private const int AddressBytes = 18;

    /// <summary>The sender's ticket envelope, or empty.</summary>
    public required ReadOnlySpan<byte> Ticket { get; init; }

    /// <summary>The sender's clock: a responder that remembers a key's last Init may drop older ones.</summary>
    public required UnixTime SentAt { get; init; }

    public required TransportParameters Parameters { get; init; }

    /// <summary>In a response: where the responder saw the Init come from.</summary>
    public PathAddress? ObservedAddress { get; init; }

    /// <summary>In a response: what is wrong with the initiator's ticket; there is no session then.</summary>
    public TicketVerdict Refusal { get; init; }

    public static bool TryRead(ReadOnlySpan<byte> source, out HandshakePayload payload)
    {
        payload = default;
        WireReader reader = new(source);
        if (source.Length > WireLimits.HandshakePayloadBytesMax
            || !reader.TryReadUInt64(out ulong seconds)
            || seconds > long.MaxValue
            || !reader.TryReadUInt16(out ushort ticketLength)
            || ticketLength > WireLimits.TicketBytesMax
            || !reader.TryReadBytes(ticketLength, out ReadOnlySpan<byte> ticket)
            || !TryReadParameters(
                ref reader, out TransportParameters parameters, out PathAddress? observed, out TicketVerdict refusal))
        {
            return false;
        }

        payload = new HandshakePayload
        {
            Ticket = ticket,
            SentAt = new UnixTime((long)seconds),
            Parameters = parameters,
            ObservedAddress = observed,
            Refusal = refusal,
        };
        return true;
    }

    /// <summary>
    /// Writes at most <see cref="WireLimits.HandshakePayloadBytesMax"/> bytes and returns their number.
    /// </summary>
    /// <exception cref="ArgumentException">The ticket is too long, or a parameter is out of its range.</exception>
    public int Write(Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Ticket.Length, WireLimits.TicketBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegative(SentAt.Seconds);
        if (!Parameters.IsValid)
        {
            throw new ArgumentException("A transport parameter is out of its range.");
        }

        WireWriter writer = new(target);
        writer.WriteUInt64((ulong)SentAt.Seconds);
        writer.WriteUInt16((ushort)Ticket.Length);
        writer.WriteBytes(Ticket);
        WriteNumber(ref writer, HandshakeParameter.InitialDataBytesMax, Parameters.InitialDataBytesMax);
        WriteNumber(ref writer, HandshakeParameter.InitialStreamDataBytesMax, Parameters.InitialStreamDataBytesMax);
        WriteNumber(ref writer, HandshakeParameter.InitialStreamsMax, Parameters.InitialStreamsMax);
        WriteNumber(ref writer, HandshakeParameter.AckDelayMs, Parameters.AckDelayMs);
        WriteNumber(ref writer, HandshakeParameter.IdleTimeoutMs, Parameters.IdleTimeoutMs);
        WriteNumber(ref writer, HandshakeParameter.DatagramBytesMax, Parameters.DatagramBytesMax);
        if (ObservedAddress is { } observed)
        {
            writer.WriteVarInt((ulong)HandshakeParameter.ObservedAddress);
            writer.WriteVarInt(AddressBytes);
            writer.WriteUInt64((ulong)(observed.Address >> 64));
            writer.WriteUInt64((ulong)(observed.Address & ulong.MaxValue));
            writer.WriteUInt16(observed.Port);
        }

        if (Refusal != TicketVerdict.Valid)
        {
            WriteNumber(ref writer, HandshakeParameter.Refusal, (ulong)Refusal);
        }

        if (Parameters.InitialUnidirectionalStreamsMax != 0)
        {
            WriteNumber(ref writer, HandshakeParameter.InitialUnidirectionalStreamsMax, Parameters.InitialUnidirectionalStreamsMax);
        }

        if (Parameters.DatagramFrameBytesMax != 0)
        {
            WriteNumber(ref writer, HandshakeParameter.DatagramFrameBytesMax, Parameters.DatagramFrameBytesMax);
        }

        return writer.Position;
    }

    private static bool TryReadParameters(
        ref WireReader reader,
        out TransportParameters parameters,
        out PathAddress? observed,
        out TicketVerdict refusal)
    {
        parameters = new TransportParameters();
        observed = null;
        refusal = TicketVerdict.Valid;
        ulong idMin = 0;
        while (!reader.IsEmpty)
        {
            if (!reader.TryReadVarInt(out ulong id) || id < idMin
                || !reader.TryReadVarInt(out ulong length) || length > (ulong)reader.Remaining
                || !reader.TryReadBytes((int)length, out ReadOnlySpan<byte> value)
                || !TryApply((HandshakeParameter)id, value, ref parameters, ref observed, ref refusal))
            {
                return false;
            }

            idMin = id + 1;
        }

        return parameters.IsValid;
    }

    private static bool TryApply(
        HandshakeParameter id,
        ReadOnlySpan<byte> value,
        ref TransportParameters parameters,
        ref PathAddress? observed,
        ref TicketVerdict refusal)
    {
        WireReader reader = new(value);
        if (id == HandshakeParameter.ObservedAddress)
        {
            bool read = reader.TryReadUInt64(out ulong high) & reader.TryReadUInt64(out ulong low)
                & reader.TryReadUInt16(out ushort port);
            observed = new PathAddress(new UInt128(high, low), port);
            return read && reader.IsEmpty;
        }

        if (id is 0 or > HandshakeParameter.DatagramFrameBytesMax)
        {
            return true;
        }

        if (!reader.TryReadVarInt(out ulong number) || !reader.IsEmpty)
        {
            return false;
        }

        if (id == HandshakeParameter.Refusal)
        {
            refusal = (TicketVerdict)number;
            return number <= (ulong)TicketVerdict.Revoked;
        }

        parameters = id switch
        {
            HandshakeParameter.InitialDataBytesMax => parameters with { InitialDataBytesMax = number },
            HandshakeParameter.InitialStreamDataBytesMax => parameters with { InitialStreamDataBytesMax = number },
            HandshakeParameter.InitialStreamsMax => parameters with { InitialStreamsMax = number },
            HandshakeParameter.AckDelayMs => parameters with { AckDelayMs = number },
            HandshakeParameter.IdleTimeoutMs => parameters with { IdleTimeoutMs = number },
            HandshakeParameter.InitialUnidirectionalStreamsMax => parameters with { InitialUnidirectionalStreamsMax = number },
            HandshakeParameter.DatagramFrameBytesMax => parameters with { DatagramFrameBytesMax = number },
            _ => parameters with { DatagramBytesMax = number },
        };
        return true;
    }

    private static void WriteNumber(ref WireWriter writer, HandshakeParameter id, ulong value)
    {
        writer.WriteVarInt((ulong)id);
        writer.WriteVarInt((ulong)VarInt.Length(value));
        writer.WriteVarInt(value);
    }
}
