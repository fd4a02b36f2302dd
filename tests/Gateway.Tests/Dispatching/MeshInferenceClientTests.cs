using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

public sealed class MeshInferenceClientTests
{
    /// <summary>Shorter than the silence at which a session without load reports is given up, so that only the request ends.</summary>
    private static readonly DispatchPolicy _patient = new() { SilenceMax = TimeSpan.FromSeconds(9), FirstTokenMax = TimeSpan.FromSeconds(12) };

    [Fact]
    public async Task A_request_is_offered_without_its_prompt_then_sent_and_answered()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync);
        List<NodeResponse> read = await mesh.AskAsync();

        Assert.Equal(
            [NodeResponse.BodyOneofCase.Prefill, NodeResponse.BodyOneofCase.Delta, NodeResponse.BodyOneofCase.Delta,
                NodeResponse.BodyOneofCase.ChoiceEnd, NodeResponse.BodyOneofCase.End],
            read.Select(static response => response.BodyCase));
        Offer offer = Assert.Single(mesh.Nodes[0].Offers);
        Assert.Equal((uint)ClientFixture.Prompt().CalculateSize(), offer.PromptBytes);
        Assert.InRange(offer.FirstTokenMsMax, 1u, 120_000u);
        Assert.Equal(ClientFixture.Prompt(), Assert.Single(mesh.Nodes[0].Prompts));
        Assert.Equal(0, mesh.RouteOf(mesh.Nodes[0]).InFlight);
    }

    [Fact]
    public async Task A_refused_request_goes_to_another_node_and_only_that_one_sees_the_prompt()
    {
        Func<NodeStream, Task> refuse = static stream => stream.RefuseAsync(RefusalReason.QueueFull, 500).AsTask();
        await using ClientFixture mesh = await ClientFixture.WithAsync(refuse, refuse, refuse, AnswerAsync);
        for (int i = 0; i < 10; i++)
        {
            Assert.NotNull((await mesh.AskAsync())[^1].End);
        }

        Assert.Equal([0, 0, 0, 10], mesh.Nodes.Select(static node => node.Prompts.Count));
    }

    [Fact]
    public async Task When_every_node_refuses_the_client_learns_the_soonest_time_to_come_back()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(
            static stream => stream.RefuseAsync(RefusalReason.QueueFull, 900).AsTask(),
            static stream => stream.RefuseAsync(RefusalReason.QueueFull, 400).AsTask());
        InferenceException failure = await mesh.FailAsync();

        Assert.Equal(InferenceOutcome.NoCapacity, failure.Outcome);
        Assert.Equal(TimeSpan.FromMilliseconds(400), failure.RetryAfter);
    }

    [Fact]
    public async Task A_node_that_vanishes_before_its_first_token_is_replaced_and_the_client_does_not_notice()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(VanishAsync, VanishAsync, AnswerAsync);

        List<NodeResponse> read = await mesh.AskAsync();
        Assert.Equal(1, read.Count(static response => response.End is not null));
        Assert.Equal("word word ", string.Concat(read.Select(static response => response.Delta?.Content)));

        static async Task VanishAsync(NodeStream stream)
        {
            _ = await stream.AcceptAsync();
            _ = Task.Run(() => stream.Node.DisposeAsync().AsTask());
        }
    }

    [Fact]
    public async Task When_all_nodes_have_vanished_none_is_reachable()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync, AnswerAsync);
        Assert.NotNull((await mesh.AskAsync())[^1].End);
        foreach (TestNode node in mesh.Nodes)
        {
            await node.DisposeAsync();
        }

        Assert.Equal(InferenceOutcome.NoNodeReachable, (await mesh.FailAsync()).Outcome);
        mesh.Connections.OnDirectory([]);
        Assert.Equal(InferenceOutcome.NoNodeReachable, (await mesh.FailAsync()).Outcome);
    }

    [Fact]
    public async Task A_node_that_vanishes_mid_stream_is_replaced_by_one_that_goes_on_behind_what_was_told()
    {
        int asked = 0;
        Func<NodeStream, Task> serve = async stream =>
        {
            GenerateRequest prompt = await stream.AcceptAsync();
            if (Interlocked.Increment(ref asked) == 1)
            {
                await stream.TokenAsync(0, "one ");
                await stream.TokenAsync(1, "two ");
                await stream.Node.WaitForAsync("vanish");
                _ = Task.Run(() => stream.Node.DisposeAsync().AsTask());
                return;
            }

            Assert.Equal([0u, 1u], Assert.Single(prompt.Told).TokenIds);
            Assert.Equal("db_test", stream.Offer.Fingerprint);
            await stream.TokenAsync(2, "three");
            await stream.EndAsync(3);
        };
        await using ClientFixture mesh = await ClientFixture.WithAsync(serve, serve);
        List<NodeResponse> read = [];
        await foreach (NodeResponse response in mesh.Client.GenerateAsync(ClientFixture.Prompt(), "", mesh.Patience))
        {
            read.Add(response);
            if (read.Count == 2)
            {
                mesh.Nodes.Single(static node => !node.Prompts.IsEmpty).Signal("vanish");
            }
        }

        Assert.Equal("one two three", string.Concat(read.Select(static response => response.Delta?.Content)));
        Assert.NotNull(read[^1].End);
    }

    [Fact]
    public async Task A_conversation_stays_on_its_node()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync, AnswerAsync, AnswerAsync, AnswerAsync);
        GenerateRequest prompt = ClientFixture.Prompt();
        for (int turn = 0; turn < 6; turn++)
        {
            _ = await mesh.AskAsync(prompt);
            prompt = prompt.Clone();
            prompt.Messages.Add(new ChatMessage { Role = "assistant", Content = "well" });
            prompt.Messages.Add(new ChatMessage { Role = "user", Content = $"and {turn}?" });
        }

        Assert.Equal([0, 0, 0, 6], mesh.Nodes.Select(static node => node.Prompts.Count).Order());
    }

    [Fact]
    public async Task A_node_that_leaves_is_followed_by_another_while_it_still_runs()
    {
        int asked = 0;
        Func<NodeStream, Task> serve = async stream =>
        {
            GenerateRequest prompt = await stream.AcceptAsync();
            if (Interlocked.Increment(ref asked) == 1)
            {
                await stream.TokenAsync(0, "one ");
                await stream.SayAsync(new NodeResponse { Draining = new Draining { GraceMs = 10_000 } });
                await stream.TokenAsync(1, "what nobody may see any more ");
                await stream.WhenGivenUpAsync();
                stream.Node.Signal("given up");
                return;
            }

            Assert.Equal([0u], Assert.Single(prompt.Told).TokenIds);
            await stream.TokenAsync(1, "two");
            await stream.EndAsync(2);
        };
        await using ClientFixture mesh = await ClientFixture.WithAsync(serve, serve);

        List<NodeResponse> read = await mesh.AskAsync();

        Assert.Equal("one two", string.Concat(read.Select(static response => response.Delta?.Content)));
        await mesh.Nodes.Single(static node => node.Prompts.Single().Told.Count == 0).WaitForAsync("given up");
    }

    [Fact]
    public async Task A_node_that_leaves_and_is_the_only_one_finishes()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(0, "one ");
            await stream.SayAsync(new NodeResponse { Draining = new Draining { GraceMs = 10_000 } });
            await stream.TokenAsync(1, "two");
            await stream.EndAsync(2);
        });

        List<NodeResponse> read = await mesh.AskAsync();

        Assert.Equal("one two", string.Concat(read.Select(static response => response.Delta?.Content)));
    }

    [Fact]
    public async Task An_answer_waits_until_a_busy_node_can_go_on_with_it()
    {
        int offered = 0;
        Func<NodeStream, Task> serve = async stream =>
        {
            switch (Interlocked.Increment(ref offered))
            {
                case 1:
                    _ = await stream.AcceptAsync();
                    await stream.TokenAsync(0, "one ");
                    await stream.EndAsync(1, InferenceFault.EngineFailed);
                    break;
                case 2:
                    await stream.RefuseAsync(RefusalReason.QueueFull);
                    break;
                default:
                    _ = await stream.AcceptAsync();
                    await stream.TokenAsync(1, "two");
                    await stream.EndAsync(2);
                    break;
            }
        };
        await using ClientFixture mesh = await ClientFixture.WithAsync(serve, serve);
        Task<List<NodeResponse>> asking = mesh.AskAsync();

        await mesh.PassAsync(new DispatchPolicy().StrandedRest);

        Assert.Equal("one two", string.Concat((await asking).Select(static response => response.Delta?.Content)));
    }

    [Fact]
    public async Task Text_that_came_with_a_choices_end_is_told_before_it()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(0, "one ");
            await stream.EndAsync(1, rest: new TokenDelta { Offset = 1, Content = "rest" });
        });

        List<NodeResponse> read = await mesh.AskAsync();

        Assert.Equal("one rest", string.Concat(read.Select(static response => response.Delta?.Content)));
        Assert.Equal(NodeResponse.BodyOneofCase.ChoiceEnd, read[^2].BodyCase);
    }

    [Fact]
    public async Task A_node_that_vanishes_mid_stream_ends_the_request_when_nobody_can_go_on()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(0);
            await stream.TokenAsync(1);
            await stream.Node.WaitForAsync("vanish");
            _ = Task.Run(() => stream.Node.DisposeAsync().AsTask());
        });
        List<NodeResponse> read = [];
        InferenceException failure = await Assert.ThrowsAsync<InferenceException>(async () =>
        {
            await foreach (NodeResponse response in mesh.Client.GenerateAsync(ClientFixture.Prompt(), "", mesh.Patience))
            {
                read.Add(response);
                if (read.Count == 2)
                {
                    mesh.Nodes[0].Signal("vanish");
                }
            }
        });

        Assert.Equal(InferenceOutcome.PeerLost, failure.Outcome);
        Assert.Equal(2, read.Count);
    }

    [Fact]
    public async Task A_node_that_accepts_and_says_nothing_is_given_up_and_rests()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(_patient, static async stream =>
        {
            _ = await stream.AcceptAsync();
            stream.Node.Signal("has the prompt");
            await stream.WhenGivenUpAsync();
            stream.Node.Signal("given up");
        });
        TestNode wedged = mesh.Nodes[0];
        Task<InferenceException> failing = mesh.FailAsync();

        // The gateway counts the silence from acceptance on: sooner than the prompt has arrived.
        await wedged.WaitForAsync("has the prompt");
        await mesh.PassAsync(_patient.SilenceMax);

        Assert.Equal(InferenceOutcome.PeerLost, (await failing).Outcome);
        await wedged.WaitForAsync("given up");
        Assert.NotNull(mesh.RouteOf(wedged).OutUntil);
    }

    [Fact]
    public async Task A_node_that_speaks_just_before_it_is_given_up_is_heard()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(_patient, static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.Node.WaitForAsync("speak");
            await stream.TokenAsync(0);
            await stream.EndAsync(1);
        });
        Task<List<NodeResponse>> asking = mesh.AskAsync();
        await mesh.Time.WhenArmedAsync(_patient.SilenceMax);
        mesh.Time.Advance(_patient.SilenceMax - TimeSpan.FromMilliseconds(1));
        mesh.Nodes[0].Signal("speak");

        Assert.NotNull((await asking)[^1].End);
    }

    [Fact]
    public async Task An_offer_that_is_not_answered_goes_to_another_node()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(IgnoreAsync, IgnoreAsync, AnswerAsync);
        Task<List<NodeResponse>> asking = mesh.AskAsync();
        List<Task> ignored = [mesh.Nodes[0].WaitForAsync("offered"), mesh.Nodes[1].WaitForAsync("offered")];
        while (await Task.WhenAny([asking, .. ignored]) is { } offered && offered != asking)
        {
            _ = ignored.Remove(offered);
            await mesh.PassAsync(new DispatchPolicy().OfferMax);
        }

        Assert.NotNull((await asking)[^1].End);

        static Task IgnoreAsync(NodeStream stream)
        {
            stream.Node.Signal("offered");
            return stream.HangAsync();
        }
    }

    [Fact]
    public async Task No_token_before_the_deadline_is_the_deadlines_fault()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(
            _patient,
            static async stream =>
            {
                _ = await stream.AcceptAsync();
                await stream.Node.WaitForAsync("speak");
                await stream.SayAsync(new NodeResponse { Prefill = new PrefillProgress { TokensDone = 1, TokensTotal = 2 } });
                await stream.HangAsync();
            });
        Task<InferenceException> failing = mesh.FailAsync();
        await mesh.Time.WhenArmedAsync(_patient.SilenceMax);
        mesh.Time.Advance(_patient.FirstTokenMax / 2);
        mesh.Nodes[0].Signal("speak");

        // Progress ends the silence, so that the deadline is what comes next.
        await mesh.PassAsync(_patient.FirstTokenMax / 2);
        Assert.Equal(InferenceOutcome.DeadlineExceeded, (await failing).Outcome);
    }

    [Fact]
    public async Task A_cancelled_request_stops_the_node()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(0);
            await stream.WhenGivenUpAsync();
            stream.Node.Signal("given up");
        });
        using CancellationTokenSource client = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (NodeResponse _ in mesh.Client.GenerateAsync(ClientFixture.Prompt(), "", client.Token))
            {
                await client.CancelAsync();
            }
        });

        await mesh.Nodes[0].WaitForAsync("given up");
        Assert.Equal(0, mesh.RouteOf(mesh.Nodes[0]).InFlight);
    }

    [Fact]
    public async Task A_caller_that_stops_reading_stops_the_node()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(0);
            await stream.WhenGivenUpAsync();
            stream.Node.Signal("given up");
        });
        await foreach (NodeResponse _ in mesh.Client.GenerateAsync(ClientFixture.Prompt(), "", mesh.Patience))
        {
            break;
        }

        await mesh.Nodes[0].WaitForAsync("given up");
        Assert.Equal(0, mesh.RouteOf(mesh.Nodes[0]).InFlight);
    }

    [Fact]
    public async Task The_clients_own_fault_is_not_tried_elsewhere_and_is_explained()
    {
        Func<NodeStream, Task> invalid = static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.EndAsync(0, InferenceFault.InvalidRequest, "bad\u001b[31m schema");
        };
        await using ClientFixture mesh = await ClientFixture.WithAsync(invalid, invalid);
        InferenceException failure = await mesh.FailAsync();

        Assert.Equal(InferenceOutcome.InvalidRequest, failure.Outcome);
        Assert.Equal("bad [31m schema", failure.Detail);
        Assert.Single(mesh.Nodes.SelectMany(static node => node.Prompts));
    }

    [Fact]
    public async Task An_engine_that_fails_before_its_first_token_is_replaced()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(
            static async stream =>
            {
                _ = await stream.AcceptAsync();
                await stream.EndAsync(0, InferenceFault.EngineFailed);
            },
            AnswerAsync);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(InferenceFault.None, (await mesh.AskAsync())[^1].End.Fault);
        }
    }

    [Fact]
    public async Task Hostile_messages_before_the_first_token_are_the_nodes_loss_alone()
    {
        foreach (Func<NodeStream, Task> hostile in Hostile)
        {
            await using ClientFixture mesh = await ClientFixture.WithAsync(hostile, AnswerAsync);
            for (int i = 0; i < 3; i++)
            {
                Assert.NotNull((await mesh.AskAsync())[^1].End);
            }
        }
    }

    [Fact]
    public async Task Hostile_messages_after_the_first_token_end_the_request_as_a_violation()
    {
        Func<NodeStream, Task>[] hostile =
        [
            static stream => stream.TokenAsync(7).AsTask(),
            static stream => stream.SayAsync(new NodeResponse()).AsTask(),
            static stream => stream.EndAsync(4_000),
        ];
        foreach (Func<NodeStream, Task> script in hostile)
        {
            await using ClientFixture mesh = await ClientFixture.WithAsync(async stream =>
            {
                _ = await stream.AcceptAsync();
                await stream.TokenAsync(0);
                await script(stream);
                await stream.HangAsync();
            });
            Assert.Equal(InferenceOutcome.ProtocolViolation, (await mesh.FailAsync()).Outcome);
        }
    }

    [Fact]
    public async Task A_prompt_that_no_node_could_take_is_not_even_offered()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync);
        string huge = new('x', (int)InferenceLimits.PromptBytesMax);

        Assert.Equal(InferenceOutcome.ContextLengthExceeded, (await mesh.FailAsync(ClientFixture.Prompt(huge))).Outcome);
        Assert.Equal(InferenceOutcome.InvalidRequest, (await mesh.FailAsync(ClientFixture.Prompt(model: ""))).Outcome);
        Assert.Equal(InferenceOutcome.ModelNotFound, (await mesh.FailAsync(ClientFixture.Prompt(model: "huge"))).Outcome);
        Assert.Empty(mesh.Nodes[0].Offers);
    }

    [Fact]
    public async Task A_large_prompt_arrives_whole()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(AnswerAsync);
        GenerateRequest prompt = ClientFixture.Prompt(new string('x', 3_000_000));

        Assert.NotNull((await mesh.AskAsync(prompt))[^1].End);
        Assert.Equal(prompt, Assert.Single(mesh.Nodes[0].Prompts));
    }

    [Fact]
    public async Task Many_requests_at_once_each_get_their_own_answer()
    {
        await using ClientFixture mesh = await ClientFixture.WithAsync(EchoAsync, EchoAsync, EchoAsync);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            List<NodeResponse> read = await mesh.AskAsync(ClientFixture.Prompt($"request {i}"));
            Assert.Equal($"request {i}", string.Concat(read.Select(static response => response.Delta?.Content)));
        }));

        Assert.All(mesh.Nodes, static node => Assert.NotEmpty(node.Prompts));

        static async Task EchoAsync(NodeStream stream)
        {
            GenerateRequest prompt = await stream.AcceptAsync();
            uint offset = 0;
            foreach (char letter in prompt.Messages[0].Content[..9])
            {
                await stream.TokenAsync(offset++, letter.ToString());
            }

            await stream.TokenAsync(offset++, prompt.Messages[0].Content[9..]);
            await stream.EndAsync(offset);
        }
    }

    private static IEnumerable<Func<NodeStream, Task>> Hostile =>
    [
        static stream => stream.TokenAsync(0).AsTask(),
        static stream => stream.SayAsync(new NodeResponse { Load = new LoadReport() }).AsTask(),
        static stream => stream.Stream.WriteAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3 }).AsTask(),
        static stream => stream.Stream.WriteAsync(new byte[] { 0, 0, 0, 4, 0xFF, 0xFF, 0xFF, 0xFF }).AsTask(),
        static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.TokenAsync(1);
        },
        static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.SayAsync(new NodeResponse { Accepted = new Accepted() });
        },
        static async stream =>
        {
            _ = await stream.AcceptAsync();
            await stream.SayAsync(new NodeResponse { End = new GenerationEnd() });
        },
        static async stream =>
        {
            _ = await stream.AcceptAsync();
            stream.Stream.CompleteWrites();
        },
        static stream =>
        {
            stream.Stream.Abort(StreamDirection.Both, 1);
            return Task.CompletedTask;
        },
    ];

    private static async Task AnswerAsync(NodeStream stream)
    {
        _ = await stream.AcceptAsync();
        await stream.SayAsync(new NodeResponse { Prefill = new PrefillProgress { TokensDone = 5, TokensTotal = 5 } });
        await stream.TokenAsync(0);
        await stream.TokenAsync(1);
        await stream.EndAsync(2);
    }
}
