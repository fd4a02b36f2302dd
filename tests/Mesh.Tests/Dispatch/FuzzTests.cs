using System;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;
using Xunit;

namespace Darkbloom.Mesh.Tests.Dispatch;

/// <summary>Messages of a node or gateway without manners: what parses as protobuf is judged, and nothing throws.</summary>
public sealed class FuzzTests
{
    private const int MessagesPerSeed = 25_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mangled_messages_are_judged_without_a_throw(ulong seed)
    {
        Prng prng = new(seed);
        byte[][] samples = Samples();
        OfferTerms terms = new() { RequestId = 1, Model = "tiny", PromptBytes = 100, OutputTokensMax = 10, Choices = 2 };
        ResponseReader reader = new(terms);
        int parsed = 0;
        for (int i = 0; i < MessagesPerSeed; i++)
        {
            byte[] bytes = Mangle(prng, samples[prng.Next(samples.Length)]);
            if (MessageStream<NodeRequest, NodeResponse>.TryParse(bytes) is { } response)
            {
                reader = reader.Read(response) == ResponseViolation.None ? reader : new ResponseReader(terms);
                _ = NodeLoad.TryRead(response.Load, out _);
                parsed++;
            }
            if (MessageStream<NodeResponse, NodeRequest>.TryParse(bytes) is { } request)
            {
                _ = OfferTerms.TryRead(request.Offer, out OfferTerms offer) && request.Prompt is { } prompt && offer.Covers(prompt);
            }
            _ = NodeCard.TryRead(MessageStream<PeerCard, PeerCard>.TryParse(bytes), out _);
            _ = MessageStream<RendezvousRequest, RendezvousRequest>.TryParse(bytes);
        }
        Assert.True(parsed > MessagesPerSeed / 20, $"{parsed} messages parsed");
    }

    /// <summary>Found by mangling: the parser itself throws <see cref="IndexOutOfRangeException"/> on these.</summary>
    [Theory]
    [InlineData("12FFFFFFFFC700")]
    [InlineData("3AFFFFFFFFB7003A00")]
    public void A_nested_length_that_leads_out_of_the_buffer_is_no_message(string message)
    {
        byte[] bytes = Convert.FromHexString(message);
        Assert.Throws<IndexOutOfRangeException>(() => RendezvousRequest.Parser.ParseFrom(bytes));
        Assert.Null(MessageStream<RendezvousRequest, RendezvousRequest>.TryParse(bytes));
    }

    private static byte[][] Samples() =>
    [
        new NodeResponse { Accepted = new Accepted { Load = new LoadReport() } }.ToByteArray(),
        new NodeResponse { Prefill = new PrefillProgress { TokensDone = 3, TokensTotal = 9 } }.ToByteArray(),
        new NodeResponse { Delta = new TokenDelta { Choice = 1, TokenIds = { 1, 2, 3 }, Content = "abc" } }.ToByteArray(),
        new NodeResponse { ChoiceEnd = new ChoiceEnd { Choice = 1, Reason = FinishReason.Stop } }.ToByteArray(),
        new NodeResponse { End = new GenerationEnd { Usage = new Usage { PromptTokens = 7 }, Detail = "x" } }.ToByteArray(),
        new NodeRequest { Offer = new Offer { Model = "tiny", Choices = 1, PromptBytes = 10 } }.ToByteArray(),
        new NodeRequest { Prompt = new GenerateRequest { Model = "tiny", Choices = 1, Messages = { new ChatMessage { Role = "user", Content = "x" } } } }.ToByteArray(),
        new PeerCard { Epoch = 3, PublicKey = ByteString.CopyFrom(new byte[64]), Models = { new ModelCard { Id = "tiny", ContextTokens = 9 } } }.ToByteArray(),
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
