using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Rendezvous.Tests;

/// <summary>Peers without manners: whatever parses as a request gets an answer, and nothing throws.</summary>
public sealed class FuzzTests
{
    private const int RequestsPerSeed = 25_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_mangled_request_is_answered(ulong seed)
    {
        Prng prng = new(seed);
        using RegistrarHarness harness = new();
        PeerSession[] peers = [harness.NewListedMember(), harness.NewListedMember(), RegistrarHarness.NewPeer()];
        byte[][] samples = Samples(peers[0]);
        int parsed = 0;
        for (int i = 0; i < RequestsPerSeed; i++)
        {
            byte[] bytes = Mangle(prng, samples[prng.Next(samples.Length)]);
            RendezvousRequest request;
            try
            {
                request = RendezvousRequest.Parser.ParseFrom(bytes);
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException)
            {
                continue; // the parser's answers to what is no message; the message stream makes them violations
            }
            RendezvousResponse response = harness.Ask(peers[prng.Next(peers.Length)], request);
            Assert.NotEqual(RendezvousResponse.BodyOneofCase.None, response.BodyCase);
            parsed++;
            if (i % 50 == 0)
            {
                harness.Advance(TimeSpan.FromSeconds(1));
            }
        }
        Assert.True(parsed > RequestsPerSeed / 20, $"{parsed} requests parsed");
    }

    private static byte[][] Samples(PeerSession peer) =>
    [
        RegistrarHarness.EnrolRequest(PeerRoles.Node, "secret").ToByteArray(),
        RegistrarHarness.RenewRequest().ToByteArray(),
        new RendezvousRequest { PublishCard = new PublishCard { Card = RegistrarHarness.Card(peer, epoch: 9) } }.ToByteArray(),
        new RendezvousRequest { Withdraw = new Withdraw() }.ToByteArray(),
        new RendezvousRequest { Directory = new DirectoryRequest { Model = "tiny" } }.ToByteArray(),
        new RendezvousRequest { Introduce = new IntroduceRequest { PeerId = ByteString.CopyFrom(peer.Id.ToBytes()) } }.ToByteArray(),
        new RendezvousRequest { Notices = new NoticeSubscription() }.ToByteArray(),
    ];

    private static byte[] Mangle(Prng prng, byte[] sample)
    {
        byte[] bytes = [.. sample];
        for (int i = prng.Next(4); i > 0 && bytes.Length > 0; i--)
        {
            int at = prng.Next(bytes.Length);
            bytes = prng.Next(4) switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, .. bytes[at..]],
                2 => [.. bytes, .. sample],
                _ => Set(bytes, at, (byte)prng.Next(256)),
            };
        }
        return bytes;
    }

    private static byte[] Set(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }
}
