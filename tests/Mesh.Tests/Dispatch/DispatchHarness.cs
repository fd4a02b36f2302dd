using System.Collections.Generic;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Tests.Routing;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;
using Request = Darkbloom.Mesh.Dispatch.Dispatch;

namespace Darkbloom.Mesh.Tests.Dispatch;

/// <summary>One request over a route book, with every note drained into it.</summary>
internal sealed class DispatchHarness
{
    private uint _tokens;

    public DispatchHarness(int nodes, DispatchPolicy? policy = null)
        : this(new RouteFixture(nodes), policy)
    {
    }

    public DispatchHarness(RouteFixture mesh, DispatchPolicy? policy = null, uint promptBytes = 100)
    {
        Mesh = mesh;
        OfferTerms offer = new()
        {
            RequestId = 1,
            Model = RouteFixture.Model,
            PromptBytes = promptBytes,
            OutputTokensMax = 100,
            Choices = 1,
        };
        Request = new Request(RouteFixture.Query, new Transcript(offer), policy ?? new DispatchPolicy(), new Prng(11));
    }

    public RouteFixture Mesh { get; }

    public Request Request { get; }

    public PeerId Target { get; private set; }

    public List<RouteNoteKind> Notes { get; } = [];

    public DispatchAction Start() => Then(Request.Start(Mesh.Now, Mesh.Table));

    public DispatchAction Accept() => Then(Request.OnAccepted(Mesh.Now));

    public DispatchAction Progress() => Then(Request.OnProgress(Mesh.Now));

    public DispatchAction Token() => Then(Request.OnDelta(Mesh.Now, new TokenDelta { Offset = _tokens, TokenIds = { _tokens++ } }));

    public DispatchAction Leave() => Then(Request.OnDraining(Mesh.Now, Mesh.Table));

    public DispatchAction Timeout() => Then(Request.OnTimeout(Mesh.Now, Mesh.Table));

    public DispatchAction Refuse(RefusalReason reason, uint retryAfterMs = 0) =>
        Then(Request.OnRefused(Mesh.Now, reason, retryAfterMs, Mesh.Table));

    public DispatchAction End(InferenceFault fault = InferenceFault.None, Usage? usage = null) =>
        Then(Request.OnEnd(Mesh.Now, fault, usage, Mesh.Table));

    public DispatchAction Fault(string fault)
    {
        switch (fault)
        {
            case "unreachable": return Then(Request.OnUnreachable(Mesh.Now, Mesh.Table));
            case "lost": return Then(Request.OnLost(Mesh.Now, Mesh.Table));
            case "suspected": return Then(Request.OnSuspected(Mesh.Now, Mesh.Table));
            case "violation": return Then(Request.OnViolation(Mesh.Now, Mesh.Table));
            case "engine": return End(InferenceFault.EngineFailed);
            case "drained": return End(InferenceFault.Drained);
            default:
                Mesh.Now = Request.Deadline ?? Mesh.Now;
                return Timeout();
        }
    }

    public void Drain()
    {
        while (Request.TryTakeNote(out RouteNote note))
        {
            Notes.Add(note.Kind);
            Mesh.Book.OnNote(Mesh.Now, note);
        }
    }

    private DispatchAction Then(DispatchAction action)
    {
        Drain();
        Target = action.Kind == DispatchActionKind.Offer ? action.Target : Target;
        return action;
    }
}
