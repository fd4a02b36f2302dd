using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Mesh.Tests.Routing;

/// <summary>A route book over made-up nodes, at a moment that the test moves on.</summary>
internal sealed class RouteFixture
{
    public const string Model = "tiny";

    public static readonly TimeSpan Rtt = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<PeerId, ulong> _sequences = [];

    /// <summary>Connected nodes that all serve <see cref="Model"/> and haven't reported.</summary>
    public RouteFixture(int nodes, uint contextTokens = 4096, string fingerprint = "")
    {
        Entries = [.. Enumerable.Range(1, nodes).Select(i => Entry(i, contextTokens, fingerprint: fingerprint))];
        Nodes = [.. Entries.Select(static entry => IdOf(entry)).Order()];
        Book.OnDirectory(NodeCard.ReadAll(Entries));
        foreach (PeerId node in Nodes)
        {
            Book.OnConnected(node, Rtt);
        }
    }

    public RouteBook Book { get; } = new();

    public List<DirectoryEntry> Entries { get; }

    public PeerId[] Nodes { get; }

    public Instant Now { get; set; } = new(1_000_000_000_000);

    public RouteTable Table => Book.Table;

    public static RouteQuery Query => new(Model, PromptTokens: 100, OutputTokens: 100);

    public static DirectoryEntry Entry(int seed, uint contextTokens = 4096, string model = Model, ulong epoch = 1, string fingerprint = "")
    {
        byte[] key = new byte[PublicKey.Size];
        BitConverter.TryWriteBytes(key, seed);
        PeerCard card = new()
        {
            PublicKey = ByteString.CopyFrom(key),
            Epoch = epoch,
            Roles = (uint)PeerRoles.Node,
            Slots = 2,
        };
        card.Models.Add(new ModelCard { Id = model, ContextTokens = contextTokens, Fingerprint = fingerprint });
        return new DirectoryEntry { Card = card };
    }

    public static PeerId IdOf(DirectoryEntry entry)
    {
        _ = PublicKey.TryRead(entry.Card.PublicKey.Span, out PublicKey key);
        return PeerId.Of(key);
    }

    public Route RouteOf(PeerId node) => Table.Find(Model, node)!;

    public void Advance(TimeSpan time) => Now += time;

    public void Load(
        PeerId node, int slots = 2, int free = 2, int queue = 0, ServingState state = ServingState.Serving, float decode = 0)
    {
        ulong sequence = _sequences[node] = _sequences.GetValueOrDefault(node) + 1;
        NodeLoad load = new()
        {
            Sequence = sequence,
            State = state,
            Slots = slots,
            SlotsFree = free,
            QueueDepth = queue,
            QueueMax = 16,
            DecodeTokensPerSecond = decode,
        };
        Book.OnLoad(Now, node, load, Rtt);
    }

    public void Note(PeerId node, RouteNoteKind kind, RefusalReason refusal = default, RouteSpeed speed = default) =>
        Book.OnNote(Now, new RouteNote(kind, node, Model, refusal, speed));
}
