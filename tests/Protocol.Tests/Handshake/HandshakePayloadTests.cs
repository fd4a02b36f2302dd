using System;
using System.Net;
using Darkbloom.Protocol.Handshake;
using Darkbloom.Protocol.Packets;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Protocol.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

public sealed class HandshakePayloadTests
{
    private static readonly TransportParameters Parameters = new()
    {
        InitialDataBytesMax = 1_000_000,
        InitialStreamDataBytesMax = 100_000,
        InitialStreamsMax = 100,
        InitialUnidirectionalStreamsMax = 3,
        AckDelayMs = 10,
        IdleTimeoutMs = 20_000,
        DatagramBytesMax = 1400,
        DatagramFrameBytesMax = 500,
    };

    private static readonly PathAddress Observed = PathAddress.From(IPEndPoint.Parse("192.0.2.1:4444"));

    private const string Golden =
        "000000006b49d200" + "0003" + "010203"
        + "0104" + "800f4240" + "0204" + "800186a0" + "0302" + "4064" + "0401" + "0a" + "0504" + "80004e20" + "0602" + "4578"
        + "0712" + "00000000000000000000ffffc0000201" + "115c" + "0901" + "03" + "0a02" + "41f4";

    [Fact]
    public void Payload_has_its_golden_bytes() => Assert.Equal(Golden, Convert.ToHexStringLower(Write([1, 2, 3], Observed)));

    [Fact]
    public void Payload_round_trips()
    {
        Assert.True(HandshakePayload.TryRead(Write([1, 2, 3], Observed), out HandshakePayload payload));
        Assert.Equal([1, 2, 3], payload.Ticket.ToArray());
        Assert.Equal(1_800_000_000, payload.SentAt.Seconds);
        Assert.Equal(Parameters, payload.Parameters);
        Assert.Equal(Observed, payload.ObservedAddress);
    }

    [Fact]
    public void Payload_without_a_ticket_and_an_address_round_trips()
    {
        Assert.True(HandshakePayload.TryRead(Write([], null), out HandshakePayload payload));
        Assert.True(payload.Ticket.IsEmpty);
        Assert.Null(payload.ObservedAddress);
    }

    [Fact]
    public void Any_parameters_round_trip()
    {
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(),
            ArbMap.Default.ArbFor<ulong>(),
            ArbMap.Default.ArbFor<ushort>(),
            (data, streamData, streams) =>
            {
                TransportParameters written = new()
                {
                    InitialDataBytesMax = data & VarInt.MaxValue,
                    InitialStreamDataBytesMax = streamData & VarInt.MaxValue,
                    InitialStreamsMax = streams,
                };
                byte[] bytes = new byte[WireLimits.HandshakePayloadBytesMax];
                int length = new HandshakePayload { Ticket = [], SentAt = default, Parameters = written }.Write(bytes);
                return HandshakePayload.TryRead(bytes.AsSpan(0, length), out HandshakePayload read)
                    && read.Parameters == written;
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Unknown_parameters_are_skipped_and_absent_ones_take_their_defaults()
    {
        Assert.True(TryReadParameters("0001ff" + "0302" + "4064" + "2a020102" + "7fff00", out TransportParameters parameters));
        Assert.Equal(new TransportParameters { InitialStreamsMax = 100 }, parameters);
    }

    [Fact]
    public void Every_refusal_round_trips()
    {
        foreach (TicketVerdict verdict in Enum.GetValues<TicketVerdict>())
        {
            byte[] bytes = new byte[WireLimits.HandshakePayloadBytesMax];
            int length = new HandshakePayload
            {
                Ticket = [],
                SentAt = default,
                Parameters = Parameters,
                Refusal = verdict,
            }.Write(bytes);
            Assert.True(HandshakePayload.TryRead(bytes.AsSpan(0, length), out HandshakePayload payload));
            Assert.Equal(verdict, payload.Refusal);
        }
    }

    [Theory]
    [InlineData("03010a03010a", "the same parameter twice")]
    [InlineData("04010a03010a", "ids that do not ascend")]
    [InlineData("03020a", "a length beyond the end")]
    [InlineData("03020a0a", "a number shorter than its field")]
    [InlineData("0300", "a number without bytes")]
    [InlineData("071100000000000000000000ffffc000020111", "an address cut short")]
    [InlineData("071300000000000000000000ffffc0000201115c00", "an address too long")]
    [InlineData("06024400", "datagrams below the least")]
    [InlineData("0501" + "00", "no idle timeout")]
    [InlineData("03ffffffffffffffffff", "a length of 62 bits")]
    [InlineData("03", "an id alone")]
    [InlineData("08010a", "a refusal for no known reason")]
    [InlineData("08020001", "a refusal and a byte more")]
    public void Malformed_parameters_are_refused(string hex, string why) =>
        Assert.False(TryReadParameters(hex, out _), why);

    [Theory]
    [InlineData("040243e7", true)]
    [InlineData("040243e8", true)]
    [InlineData("040243e9", false)]
    public void Acknowledgement_delay_has_a_limit(string hex, bool accepted) =>
        Assert.Equal(accepted, TryReadParameters(hex, out _));

    [Theory]
    [InlineData(TransportParameters.IdleTimeoutMsMax - 1, true)]
    [InlineData(TransportParameters.IdleTimeoutMsMax, true)]
    [InlineData(TransportParameters.IdleTimeoutMsMax + 1, false)]
    [InlineData(1, true)]
    [InlineData(0, false)]
    public void Idle_timeout_has_limits(ulong milliseconds, bool valid) =>
        Assert.Equal(valid, (Parameters with { IdleTimeoutMs = milliseconds }).IsValid);

    [Theory]
    [InlineData(WireLimits.DatagramBytesMin - 1, false)]
    [InlineData(WireLimits.DatagramBytesMin, true)]
    [InlineData(WireLimits.DatagramBytesMin + 1, true)]
    public void Datagrams_have_a_least_size(ulong bytes, bool valid) =>
        Assert.Equal(valid, (Parameters with { DatagramBytesMax = bytes }).IsValid);

    [Theory]
    [InlineData(TransportParameters.StreamsMax - 1, true)]
    [InlineData(TransportParameters.StreamsMax, true)]
    [InlineData(TransportParameters.StreamsMax + 1, false)]
    public void Streams_of_either_kind_have_a_limit(ulong streams, bool valid)
    {
        Assert.Equal(valid, (Parameters with { InitialStreamsMax = streams }).IsValid);
        Assert.Equal(valid, (Parameters with { InitialUnidirectionalStreamsMax = streams }).IsValid);
    }

    [Theory]
    [InlineData(ushort.MaxValue - 1, true)]
    [InlineData(ushort.MaxValue, true)]
    [InlineData(ushort.MaxValue + 1, false)]
    public void Datagram_frames_have_a_largest_size(ulong bytes, bool valid) =>
        Assert.Equal(valid, (Parameters with { DatagramFrameBytesMax = bytes }).IsValid);

    [Fact]
    public void Parameter_out_of_range_is_not_written() =>
        Assert.Throws<ArgumentException>(() => new HandshakePayload
        {
            Ticket = [],
            SentAt = default,
            Parameters = Parameters with { IdleTimeoutMs = 0 },
        }.Write(new byte[1000]));

    [Theory]
    [InlineData(WireLimits.TicketBytesMax - 1)]
    [InlineData(WireLimits.TicketBytesMax)]
    public void Largest_tickets_fit(int length)
    {
        byte[] bytes = Write(new byte[length], Observed);
        Assert.True(bytes.Length <= WireLimits.HandshakePayloadBytesMax);
        Assert.True(HandshakePayload.TryRead(bytes, out HandshakePayload payload));
        Assert.Equal(length, payload.Ticket.Length);
    }

    [Fact]
    public void Ticket_that_is_too_long_is_refused_by_both_sides()
    {
        byte[] bytes = new byte[8 + 2 + WireLimits.TicketBytesMax + 1];
        bytes[8] = (WireLimits.TicketBytesMax + 1) >> 8;
        bytes[9] = (WireLimits.TicketBytesMax + 1) & 0xFF;
        Assert.False(HandshakePayload.TryRead(bytes, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Write(new byte[WireLimits.TicketBytesMax + 1], null));
    }

    [Fact]
    public void Truncation_never_reads_as_the_whole()
    {
        byte[] bytes = Write([1, 2, 3], Observed);
        for (int length = 0; length < bytes.Length; length++)
        {
            if (HandshakePayload.TryRead(bytes.AsSpan(0, length), out HandshakePayload payload))
            {
                Assert.False(payload.Parameters == Parameters && payload.ObservedAddress == Observed);
            }
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        Prng prng = new(5);
        byte[] golden = Convert.FromHexString(Golden);
        for (int i = 0; i < 50_000; i++)
        {
            _ = HandshakePayload.TryRead(RandomBytes.Next(prng, prng.Next(80)), out _);
            byte[] mutated = [.. golden];
            mutated[prng.Next(mutated.Length)] = unchecked((byte)prng.NextUInt64());
            _ = HandshakePayload.TryRead(mutated, out _);
        }
    }

    private static bool TryReadParameters(string hex, out TransportParameters parameters)
    {
        bool read = HandshakePayload.TryRead(Convert.FromHexString("00000000000000000000" + hex), out HandshakePayload payload);
        parameters = payload.Parameters;
        return read;
    }

    private static byte[] Write(byte[] ticket, PathAddress? observed)
    {
        byte[] target = new byte[WireLimits.HandshakePayloadBytesMax];
        int length = new HandshakePayload
        {
            Ticket = ticket,
            SentAt = new UnixTime(1_800_000_000),
            Parameters = Parameters,
            ObservedAddress = observed,
        }.Write(target);
        return target[..length];
    }
}
