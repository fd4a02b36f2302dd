using System;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Mesh.Membership;

/// <summary>What the driver of a <see cref="MembershipState"/> is to do next.</summary>
public abstract record MembershipCommand
{
    private MembershipCommand()
    {
    }

    /// <summary>Open a session; answer with OnConnected, OnConnectFailed or OnTicketRejected.</summary>
    public sealed record Connect : MembershipCommand;

    /// <summary>Send one request on a stream of its own; answer with OnResponse or OnRequestFailed.</summary>
    public sealed record Ask(MembershipJob Job, RendezvousRequest Request) : MembershipCommand;

    /// <summary>Open the notice stream; answer with OnNotice for each notice and OnRequestFailed when it ends.</summary>
    public sealed record Subscribe(RendezvousRequest Request) : MembershipCommand;

    /// <summary>Present this ticket in handshakes from now on; empty: none.</summary>
    public sealed record UseTicket(ReadOnlyMemory<byte> Envelope) : MembershipCommand;

    /// <summary>Believe tickets signed with this key.</summary>
    public sealed record TrustTicketKey(PublicKey Key) : MembershipCommand;
}
