using System;
using System.Collections.Generic;
using System.Diagnostics;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Bench.Goals;

/// <summary>What choosing a node costs when a gateway knows many.</summary>
internal static class RouteGoals
{
    private const string Model = "model";
    private const int Nodes = 2000;
    private const int Decisions = 200_000;
    private const int WarmUpDecisions = 50_000;

    public static IEnumerable<Goal> Measure()
    {
        RouteTable table = Table(out PeerId[] nodes);
        Prng prng = new(1);
        Run(table, nodes, prng, WarmUpDecisions, new double[WarmUpDecisions]);
        double[] microseconds = new double[Decisions];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(table, nodes, prng, Decisions, microseconds);
        double bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Decisions;
        Samples samples = new();
        foreach (double one in microseconds)
        {
            samples.Add(one);
        }

        string note = $"{Decisions} decisions over {Nodes} nodes, every second one with a preferred node";
        return
        [
            new Goal("route decision, p50", samples.Median, "µs", null, note),
            new Goal("route decision, p99", samples.Quantile(0.99), "µs", Bound.AtMost(50), note),
            new Goal("allocated per route decision", bytes, "bytes", Bound.AtMost(0), note),
        ];
    }

    private static void Run(RouteTable table, PeerId[] nodes, Prng prng, int decisions, double[] microseconds)
    {
        Instant now = new(1_000_000_000);
        for (int i = 0; i < decisions; i++)
        {
            RouteQuery query = new(Model, 500, 200, Preferred: i % 2 == 0 ? nodes[i % Nodes] : null);
            long started = Stopwatch.GetTimestamp();
            if (Router.Pick(table, query, [], now, prng) is null)
            {
                throw new InvalidOperationException("No node was found.");
            }

            microseconds[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
    }

    private static RouteTable Table(out PeerId[] nodes)
    {
        List<DirectoryEntry> entries = [];
        for (int i = 0; i < Nodes; i++)
        {
            byte[] key = new byte[PublicKey.Size];
            BitConverter.TryWriteBytes(key, i + 1);
            PeerCard card = new() { PublicKey = ByteString.CopyFrom(key), Epoch = 1, Roles = (uint)PeerRoles.Node, Slots = 4 };
            card.Models.Add(new ModelCard { Id = Model, ContextTokens = 8192 });
            entries.Add(new DirectoryEntry { Card = card });
        }

        RouteBook book = new();
        IReadOnlyList<NodeCard> cards = NodeCard.ReadAll(entries);
        book.OnDirectory(cards);
        nodes = new PeerId[cards.Count];
        for (int i = 0; i < nodes.Length; i++)
        {
            nodes[i] = cards[i].Node;
            book.OnConnected(nodes[i], TimeSpan.FromMilliseconds(30));
            NodeLoad load = new()
            {
                Sequence = 1,
                State = ServingState.Serving,
                Slots = 4,
                SlotsFree = i % 5,
                QueueDepth = i % 5 == 0 ? i % 7 : 0,
                QueueMax = 16,
                DecodeTokensPerSecond = 20 + (i % 60),
            };
            book.OnLoad(new Instant(0), nodes[i], load, TimeSpan.FromMilliseconds(30));
        }

        return book.Table;
    }
}
