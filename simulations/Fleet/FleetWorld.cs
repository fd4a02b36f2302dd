using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Membership;
using Darkbloom.Mesh.Routing;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Simulations.Fleet;

/// <summary>What lies between the actors: the network, the directory, and what is known to nobody but the world.</summary>
/// <remarks>Every message takes half a round trip and arrives; a peer that is down says nothing.</remarks>
internal sealed class FleetWorld
{
    public const string Model = "model";
    public const string Fingerprint = "db_simulated";

    /// <summary>The world itself, as an actor.</summary>
    public const int Actor = 0;

    private static readonly TimeSpan _announced = TimeSpan.FromMilliseconds(MembershipTimings.DirectoryFetchIntervalMs);
    private static readonly TimeSpan _cardLifetime = TimeSpan.FromSeconds(MembershipTimings.CardLifetimeS);
    private static readonly ConnectionOptions _sessions = new();

    private readonly SortedDictionary<PeerId, SimMac> _macs = [];
    private readonly SortedDictionary<PeerId, NodeCard> _listed = [];
    private readonly SortedDictionary<PeerId, long> _listings = [];
    private bool _announcing;

    public FleetWorld(int actors, OutputLengths lengths) => (Agenda, Lengths) = (new Agenda(actors), lengths);

    public Agenda Agenda { get; }

    public OutputLengths Lengths { get; }

    public FleetChecks Checks { get; } = new();

    public List<RequestRecord> Records { get; } = [];

    public IEnumerable<SimMac> Macs => _macs.Values;

    public ImmutableArray<SimGateway> Gateways { get; set; } = [];

    public int Alive { get; private set; }

    public SimMac MacOf(PeerId node) => _macs[node];

    public void Add(SimMac mac) => _macs.Add(mac.Card.Node, mac);

    public void OnRecord(RequestRecord record)
    {
        Records.Add(record);
        if (record.Outcome == InferenceOutcome.Completed)
        {
            Checks.OnCompleted(record.Id, record.OutputTokens, Lengths.Of(record.Id));
        }
    }

    // What gateways send.

    public void SendOffer(SimGateway from, SimMac to, SimRequest request, int attempt, OfferTerms terms) =>
        Agenda.Schedule(Agenda.Now + (to.Rtt / 2), to.Actor, from.Actor, () => to.OnOffer(request, attempt, terms));

    public void SendPrompt(SimGateway from, SimMac to, SimRequest request, int attempt, int told) =>
        Agenda.Schedule(Agenda.Now + (to.Rtt / 2), to.Actor, from.Actor, () => to.OnPrompt(request, attempt, told));

    public void SendCancel(SimGateway from, SimMac to, int request, int attempt) =>
        Agenda.Schedule(Agenda.Now + (to.Rtt / 2), to.Actor, from.Actor, () => to.OnCancel(request, attempt));

    // What Macs send.

    public void Tell(SimMac from, SimRequest request, int attempt, NodeResponse response) =>
        Agenda.Schedule(
            Agenda.Now + (from.Rtt / 2), request.Gateway.Actor, from.Actor, () => request.OnResponse(attempt, response));

    public void Broadcast(SimMac from, NodeLoad load)
    {
        foreach (SimGateway gateway in Gateways)
        {
            Agenda.Schedule(Agenda.Now + (from.Rtt / 2), gateway.Actor, from.Actor, () => gateway.OnLoad(from, load));
        }
    }

    /// <summary>An offer reached nobody: the gateway hears nothing, and suspects the Mac when pings stay unanswered.</summary>
    public void OnSilence(SimMac mac, SimRequest request, int attempt) =>
        Agenda.Schedule(
            Agenda.Now + _sessions.KeepAliveBusy + _sessions.SuspicionBusy, request.Gateway.Actor, mac.Actor, () => request.OnSuspected(attempt));

    // How Macs come and go.

    /// <summary>A Mac is up: the rendezvous lists it, and gateways dial it.</summary>
    public void OnRisen(SimMac mac)
    {
        Alive++;
        _listings[mac.Card.Node] = _listings.GetValueOrDefault(mac.Card.Node) + 1;
        _listed[mac.Card.Node] = mac.Card;
        Announce();
        foreach (SimGateway gateway in Gateways)
        {
            // Told by the directory, then one round trip for the handshake.
            Agenda.Schedule(Agenda.Now + _announced + mac.Rtt, gateway.Actor, mac.Actor, () => Connect(gateway, mac));
        }
    }

    /// <summary>A Mac said goodbye.</summary>
    public void OnLeft(SimMac mac)
    {
        Alive--;
        _ = _listed.Remove(mac.Card.Node);
        Announce();
        foreach (SimGateway gateway in Gateways)
        {
            Agenda.Schedule(Agenda.Now + (mac.Rtt / 2), gateway.Actor, mac.Actor, () => gateway.OnDisconnected(mac));
        }
    }

    /// <summary>A Mac is gone without a word: sessions in use suspect it soon, all end in time, and its card lapses.</summary>
    public void OnVanished(SimMac mac)
    {
        Alive--;
        long listing = _listings[mac.Card.Node];
        foreach (SimGateway gateway in Gateways)
        {
            Agenda.Schedule(Agenda.Now + _sessions.KeepAliveBusy + _sessions.SuspicionBusy, gateway.Actor, mac.Actor, () =>
            {
                if (mac.State == MacState.Down)
                {
                    gateway.OnSilent(mac);
                }
            });
            Agenda.Schedule(Agenda.Now + _sessions.IdleTimeout, gateway.Actor, mac.Actor, () =>
            {
                if (mac.State == MacState.Down)
                {
                    gateway.OnDisconnected(mac);
                }
            });
        }

        Agenda.Schedule(Agenda.Now + _cardLifetime, Actor, mac.Actor, () =>
        {
            if (_listings[mac.Card.Node] == listing && _listed.Remove(mac.Card.Node))
            {
                Announce();
            }
        });
    }

    private static void Connect(SimGateway gateway, SimMac mac)
    {
        if (mac.State == MacState.Up)
        {
            gateway.OnConnected(mac);
            gateway.OnLoad(mac, mac.CurrentLoad());
        }
    }

    /// <summary>Changes within a short time are announced together.</summary>
    private void Announce()
    {
        if (_announcing)
        {
            return;
        }

        _announcing = true;
        Agenda.Schedule(Agenda.Now + (_announced / 2), Actor, Actor, () =>
        {
            _announcing = false;
            ImmutableArray<NodeCard> cards = [.. _listed.Values];
            foreach (SimGateway gateway in Gateways)
            {
                gateway.OnDirectory(cards);
            }
        });
    }
}
