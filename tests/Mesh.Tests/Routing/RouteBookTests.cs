using System;
using System.Linq;
using Darkbloom.Mesh.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Mesh.Tests.Routing;

public sealed class RouteBookTests
{
    [Fact]
    public void Every_change_makes_a_newer_table_and_leaves_the_old_one_alone()
    {
        RouteFixture mesh = new(2);
        RouteTable before = mesh.Table;
        mesh.Load(mesh.Nodes[0], free: 1);

        Assert.True(mesh.Table.Version > before.Version);
        Assert.Null(before.Find(RouteFixture.Model, mesh.Nodes[0])!.Load);
        Assert.Equal(1, mesh.RouteOf(mesh.Nodes[0]).Load!.Value.SlotsFree);
    }

    [Fact]
    public void Routes_are_sorted_by_node_and_models_by_name()
    {
        RouteBook book = new();
        book.OnDirectory(NodeCard.ReadAll([
            RouteFixture.Entry(3, model: "b"), RouteFixture.Entry(1, model: "a"),
            RouteFixture.Entry(2, model: "b"), RouteFixture.Entry(4, model: "B")]));

        Assert.Equal(["B", "a", "b"], book.Table.Models.Select(static model => model.Model));
        PeerId[] nodes = [.. book.Table.Models[2].Routes.Select(static route => route.Node)];
        Assert.Equal(nodes.Order(), nodes);
    }

    [Fact]
    public void A_node_that_leaves_the_directory_is_forgotten_and_the_others_keep_what_is_known_of_them()
    {
        RouteFixture mesh = new(2);
        mesh.Load(mesh.Nodes[1], free: 1);
        mesh.Book.OnDirectory([.. NodeCard.ReadAll(mesh.Entries).Where(card => card.Node == mesh.Nodes[1])]);

        Assert.Null(mesh.Table.Find(RouteFixture.Model, mesh.Nodes[0]));
        Assert.Equal(1, mesh.RouteOf(mesh.Nodes[1]).Load!.Value.SlotsFree);
        Assert.True(mesh.RouteOf(mesh.Nodes[1]).IsConnected);
    }

    [Theory]
    [InlineData(RouteBook.ModelsMax - 1)]
    [InlineData(RouteBook.ModelsMax)]
    [InlineData(RouteBook.ModelsMax + 1)]
    public void Models_whose_nodes_left_are_remembered_up_to_a_limit(int models)
    {
        RouteBook book = new();
        book.OnDirectory(NodeCard.ReadAll(Enumerable.Range(1, models).Select(static i => RouteFixture.Entry(i, model: $"{i}"))));
        Assert.Equal(models, book.Table.Models.Length);
        book.OnDirectory([]);

        Assert.Equal(Math.Min(models, RouteBook.ModelsMax), book.Table.Models.Length);
        Assert.True(book.Table.Knows(book.Table.Models[0].Model));
        Assert.True(book.Table.RoutesOf(book.Table.Models[0].Model).IsEmpty);
    }

    [Fact]
    public void Inputs_about_unknown_nodes_are_ignored()
    {
        RouteFixture mesh = new(1);
        PeerId stranger = RouteFixture.IdOf(RouteFixture.Entry(99));
        mesh.Book.OnConnected(stranger, RouteFixture.Rtt);
        mesh.Load(stranger);
        mesh.Note(stranger, RouteNoteKind.Asked);
        mesh.Note(stranger, RouteNoteKind.Lost);
        mesh.Book.OnUnreachable(mesh.Now, stranger);
        mesh.Book.OnDisconnected(stranger);

        Assert.Single(mesh.Table.RoutesOf(RouteFixture.Model).ToArray());
    }

    [Fact]
    public void A_report_that_was_overtaken_is_ignored()
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 5, free: 2), RouteFixture.Rtt);
        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 4, free: 0), RouteFixture.Rtt);
        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 5, free: 0), RouteFixture.Rtt);
        Assert.Equal(2, mesh.RouteOf(node).Load!.Value.SlotsFree);

        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 6, free: 0), RouteFixture.Rtt);
        Assert.Equal(0, mesh.RouteOf(node).Load!.Value.SlotsFree);
    }

    [Fact]
    public void A_new_session_begins_a_new_sequence()
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 900, free: 0), RouteFixture.Rtt);
        mesh.Book.OnDisconnected(node);
        mesh.Book.OnConnected(node, RouteFixture.Rtt);
        mesh.Book.OnLoad(mesh.Now, node, Report(sequence: 1, free: 1), RouteFixture.Rtt);

        Assert.Equal(1, mesh.RouteOf(node).Load!.Value.SlotsFree);
    }

    [Fact]
    public void Each_attempt_is_in_flight_until_it_ends()
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        mesh.Note(node, RouteNoteKind.Asked);
        mesh.Note(node, RouteNoteKind.Rerouted);
        mesh.Note(node, RouteNoteKind.Retried);
        Assert.Equal(3, mesh.RouteOf(node).InFlight);

        mesh.Note(node, RouteNoteKind.Served);
        mesh.Note(node, RouteNoteKind.Refused, RefusalReason.QueueFull);
        mesh.Note(node, RouteNoteKind.Abandoned);
        Assert.Equal(0, mesh.RouteOf(node).InFlight);
        Assert.False(mesh.RouteOf(node).IsOut(mesh.Now));
    }

    [Theory]
    [InlineData(RouteNoteKind.Wedged)]
    [InlineData(RouteNoteKind.Lost)]
    [InlineData(RouteNoteKind.EngineFailed)]
    [InlineData(RouteNoteKind.Unreachable)]
    public void A_node_that_failed_rests_and_longer_each_time(RouteNoteKind kind)
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        TimeSpan rest = RouteBook.RestMin;
        for (int failure = 0; failure < 10; failure++)
        {
            mesh.Note(node, RouteNoteKind.Asked);
            mesh.Note(node, kind);
            TimeSpan expected = rest < RouteBook.RestMax ? rest : RouteBook.RestMax;
            Assert.True(mesh.RouteOf(node).IsOut(mesh.Now + expected - TimeSpan.FromTicks(1)));
            Assert.False(mesh.RouteOf(node).IsOut(mesh.Now + expected));
            mesh.Advance(expected);
            rest *= 2;
        }

        mesh.Note(node, RouteNoteKind.Asked);
        mesh.Note(node, RouteNoteKind.Served);
        mesh.Note(node, RouteNoteKind.Asked);
        mesh.Note(node, kind);
        Assert.Equal(mesh.Now + RouteBook.RestMin, mesh.RouteOf(node).OutUntil);
    }

    [Fact]
    public void Requests_that_fail_together_are_one_failure()
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        for (int i = 0; i < 8; i++)
        {
            mesh.Note(node, RouteNoteKind.Asked);
        }

        for (int i = 0; i < 8; i++)
        {
            mesh.Note(node, RouteNoteKind.Lost);
        }

        Assert.Equal(mesh.Now + RouteBook.RestMin, mesh.RouteOf(node).OutUntil);
    }

    [Fact]
    public void A_session_ends_the_rest_of_a_node_that_could_not_be_reached_but_no_other_rest()
    {
        RouteFixture mesh = new(2);
        mesh.Book.OnDisconnected(mesh.Nodes[0]);
        mesh.Book.OnUnreachable(mesh.Now, mesh.Nodes[0]);
        Assert.True(mesh.RouteOf(mesh.Nodes[0]).IsOut(mesh.Now));
        mesh.Book.OnConnected(mesh.Nodes[0], RouteFixture.Rtt);
        Assert.False(mesh.RouteOf(mesh.Nodes[0]).IsOut(mesh.Now));

        mesh.Note(mesh.Nodes[1], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[1], RouteNoteKind.Violated);
        mesh.Book.OnDisconnected(mesh.Nodes[1]);
        mesh.Book.OnConnected(mesh.Nodes[1], RouteFixture.Rtt);
        Assert.Equal(mesh.Now + RouteBook.RestMax, mesh.RouteOf(mesh.Nodes[1]).OutUntil);
    }

    [Theory]
    [InlineData(RefusalReason.Draining, ServingState.Draining)]
    [InlineData(RefusalReason.OwnerActive, ServingState.Paused)]
    [InlineData(RefusalReason.QueueFull, ServingState.Serving)]
    public void A_refusal_tells_the_state_until_the_next_report(RefusalReason reason, ServingState state)
    {
        RouteFixture mesh = new(1);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Refused, reason);
        Assert.Equal(state, mesh.RouteOf(mesh.Nodes[0]).State);

        mesh.Load(mesh.Nodes[0]);
        Assert.Equal(ServingState.Serving, mesh.RouteOf(mesh.Nodes[0]).State);
    }

    [Fact]
    public void A_node_whose_card_lies_about_a_model_rests_longest()
    {
        RouteFixture mesh = new(1);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Asked);
        mesh.Note(mesh.Nodes[0], RouteNoteKind.Refused, RefusalReason.ModelNotServed);

        Assert.Equal(mesh.Now + RouteBook.RestMax, mesh.RouteOf(mesh.Nodes[0]).OutUntil);
    }

    [Fact]
    public void Ten_requests_earn_one_retry_and_the_reserve_is_bounded()
    {
        RouteFixture mesh = new(1);
        PeerId node = mesh.Nodes[0];
        Assert.Equal(RetryBudget.RetriesAtStart, mesh.Table.RetriesLeft);
        for (int i = 0; i < RetryBudget.RetriesAtStart + 5; i++)
        {
            mesh.Note(node, RouteNoteKind.Retried);
        }

        Assert.Equal(0, mesh.Table.RetriesLeft);
        Ask((5 * RetryBudget.RequestsPerRetry) + RetryBudget.RequestsPerRetry - 1);
        Assert.Equal(0, mesh.Table.RetriesLeft);
        Ask(1);
        Assert.Equal(1, mesh.Table.RetriesLeft);
        Ask(RetryBudget.RetriesMax * RetryBudget.RequestsPerRetry * 2);
        Assert.Equal(RetryBudget.RetriesMax, mesh.Table.RetriesLeft);

        void Ask(int requests)
        {
            for (int i = 0; i < requests; i++)
            {
                mesh.Note(node, RouteNoteKind.Asked);
                mesh.Note(node, RouteNoteKind.Abandoned);
            }
        }
    }

    [Fact]
    public void Speed_is_a_moving_average_and_a_part_that_was_not_measured_is_left_alone()
    {
        RouteSpeed speed = default(RouteSpeed).With(new RouteSpeed(100, 10)).With(new RouteSpeed(0, 20));

        Assert.Equal(new RouteSpeed(100, 12), speed);
    }

    private static NodeLoad Report(ulong sequence, int free) => new()
    {
        Sequence = sequence,
        State = ServingState.Serving,
        Slots = 2,
        SlotsFree = free,
        QueueDepth = 0,
        QueueMax = 4,
    };
}
