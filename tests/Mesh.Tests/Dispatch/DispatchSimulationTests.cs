using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Tests.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Xunit;
using Request = Darkbloom.Mesh.Dispatch.Dispatch;

namespace Darkbloom.Mesh.Tests.Dispatch;

/// <summary>Many requests over few nodes that break in every way, with the real decisions on both sides and virtual time between.</summary>
public sealed class DispatchSimulationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Every_request_ends_exactly_once_and_no_slot_or_credit_leaks(int seed)
    {
        World world = new((ulong)seed);
        world.Run(requests: 2_000);

        Assert.Equal(2_000, world.Outcomes.Count);
        Assert.All(world.Mesh.Nodes, node => Assert.Equal(0, world.Mesh.RouteOf(node).InFlight));
        Assert.All(world.Admissions.Values, static admission => Assert.Equal(0, admission.Reserved));
        Assert.All(world.Admissions.Values, static admission => Assert.Equal(4, admission.Report().SlotsFree));
        // The faults are such that most requests get through; a world in which none did would prove nothing.
        int completed = world.Outcomes.Count(static outcome => outcome == InferenceOutcome.Completed);
        Assert.True(completed > 1_500, $"{completed} of 2000 completed");
        Assert.True(world.Outcomes.Distinct().Count() >= 3);
    }

    [Fact]
    public void The_same_seed_ends_every_request_the_same_way()
    {
        World first = new(9), second = new(9);
        first.Run(300);
        second.Run(300);

        Assert.Equal(first.Outcomes, second.Outcomes);
    }

    private sealed class World
    {
        private readonly Prng _prng;
        private readonly PriorityQueue<Action, (Instant, long)> _agenda = new();
        private long _sequence;

        public World(ulong seed)
        {
            _prng = new Prng(seed);
            Mesh = new RouteFixture(8, fingerprint: "db_same");
            Admissions = Mesh.Nodes.ToDictionary(static node => node, static _ => new Admission(new AdmissionPolicy
            {
                Model = RouteFixture.Model,
                Fingerprint = "db_same",
                Slots = 4,
                QueueMax = 4,
            }));
        }

        public RouteFixture Mesh { get; }

        public Dictionary<PeerId, Admission> Admissions { get; }

        public List<InferenceOutcome> Outcomes { get; } = [];

        public void Run(int requests)
        {
            for (int i = 0; i < requests; i++)
            {
                At(Milliseconds(i * 200), () => new Client(this).Start());
            }

            At(Milliseconds(50), Sweep);
            while (_agenda.TryDequeue(out Action? action, out (Instant At, long) key))
            {
                Mesh.Now = key.At;
                action();
            }

            void Sweep()
            {
                foreach (Admission admission in Admissions.Values)
                {
                    admission.OnTimeout(Mesh.Now);
                    while (admission.TryTakeChange(out _))
                    {
                    }
                }

                if (Outcomes.Count < requests)
                {
                    At(Milliseconds(50), Sweep);
                }
            }
        }

        private static TimeSpan Milliseconds(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

        private void At(TimeSpan later, Action action) => _agenda.Enqueue(action, (Mesh.Now + later, _sequence++));

        /// <summary>One gateway's request and, for each attempt, a node that answers it in one of many ways.</summary>
        private sealed class Client(World world)
        {
            private static readonly OfferTerms _terms = new()
            {
                RequestId = 1,
                Model = RouteFixture.Model,
                PromptBytes = 10,
                OutputTokensMax = 10,
                Choices = 1,
                FirstTokenMax = Milliseconds(20_000),
            };

            private readonly Request _request = new(
                RouteFixture.Query, new Transcript(_terms), new DispatchPolicy(), new Prng(world._prng.NextUInt64()));
            private int _attempt;
            private Action? _abandon;
            private bool _ended;

            public void Start()
            {
                if (world._prng.Chance(1, 20))
                {
                    world.At(Milliseconds(world._prng.Next(3_000)), Cancel);
                }

                Do(_request.Start(world.Mesh.Now, world.Mesh.Table));
            }

            private void Cancel()
            {
                if (!_ended)
                {
                    _request.OnCancelled();
                    End();
                }
            }

            private void Do(DispatchAction action)
            {
                Drain();
                switch (action.Kind)
                {
                    case DispatchActionKind.Offer:
                        Abandon();
                        Offer(action.Target);
                        break;
                    case DispatchActionKind.Fail or DispatchActionKind.Complete:
                        End();
                        break;
                }

                if (_request.Deadline is { } due)
                {
                    int attempt = _attempt;
                    world._agenda.Enqueue(
                        () => When(attempt, () => _request.OnTimeout(world.Mesh.Now, world.Mesh.Table)),
                        (due, world._sequence++));
                }
            }

            private void Offer(PeerId node)
            {
                int attempt = ++_attempt;
                Prng prng = world._prng;
                if (prng.Chance(1, 40))
                {
                    After(attempt, prng.Next(500), () => _request.OnUnreachable(world.Mesh.Now, world.Mesh.Table));
                    return;
                }

                if (prng.Chance(1, 80))
                {
                    return; // the offer is never answered
                }

                AdmissionDecision decision = world.Admissions[node].OnOffer(
                    world.Mesh.Now, _terms with { Fingerprint = _request.Fingerprint });
                if (decision.Verdict == AdmissionVerdict.Refuse)
                {
                    After(attempt, 20, () => _request.OnRefused(
                        world.Mesh.Now, decision.Reason, decision.RetryAfterMs, world.Mesh.Table));
                    return;
                }

                _abandon = () => world.Admissions[node].OnReleased(world.Mesh.Now, decision.Reservation);
                After(attempt, 20, () => _request.OnAccepted(world.Mesh.Now));
                Serve(attempt, prng);
            }

            private void Serve(int attempt, Prng prng)
            {
                int tokens = prng.Next(12), at = 40;
                int breaksAfter = prng.Chance(1, 25) ? prng.Next(12) : int.MaxValue;
                for (int token = 0; token < tokens && token < breaksAfter; token++)
                {
                    at += prng.Next(400);
                    After(attempt, at, () => _request.OnDelta(world.Mesh.Now, new TokenDelta { TokenIds = { 1 } }));
                }

                if (breaksAfter == int.MaxValue)
                {
                    After(attempt, at + 5, () => _request.OnEnd(world.Mesh.Now, InferenceFault.None, null, world.Mesh.Table));
                    return;
                }

                switch (prng.Next(4))
                {
                    case 0: After(attempt, at, () => _request.OnLost(world.Mesh.Now, world.Mesh.Table)); break;
                    case 1: After(attempt, at, () => _request.OnViolation(world.Mesh.Now, world.Mesh.Table)); break;
                    case 2:
                        After(attempt, at, () => _request.OnEnd(
                            world.Mesh.Now, InferenceFault.EngineFailed, null, world.Mesh.Table));
                        break;
                    default: break; // the node wedges
                }
            }

            private void After(int attempt, int milliseconds, Func<DispatchAction> input) =>
                world.At(Milliseconds(milliseconds), () => When(attempt, input));

            /// <summary>An attempt's stream is given up with the attempt: nothing of it arrives any more.</summary>
            private void When(int attempt, Func<DispatchAction> input)
            {
                if (attempt == _attempt && !_ended)
                {
                    Do(input());
                }
            }

            private void End()
            {
                Assert.False(_ended, "a request ends once");
                _ended = true;
                Abandon();
                Drain();
                world.Outcomes.Add(_request.Outcome!.Value);
                Assert.Null(_request.Deadline);
            }

            private void Abandon()
            {
                _abandon?.Invoke();
                _abandon = null;
            }

            private void Drain()
            {
                while (_request.TryTakeNote(out RouteNote note))
                {
                    world.Mesh.Book.OnNote(world.Mesh.Now, note);
                }
            }
        }
    }
}
