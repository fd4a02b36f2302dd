using System;
using System.Collections.Immutable;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Membership;
using Darkbloom.Cli.Settings;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Cli.Diagnostics;

/// <summary>Checks whether the configured rendezvous lets this machine in.</summary>
/// <remarks>A ticket is dated: being let in also proves that both clocks agree well enough.</remarks>
internal sealed class RendezvousChecks(SettingValues settings, Setting<RendezvousAddress?> setting)
{
    private static readonly TimeSpan JoinMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DirectoryMax = TimeSpan.FromSeconds(3);

    public ImmutableArray<Check> All =>
        [new("rendezvous", "Check address, key, join secret, firewall and clock (a ticket is dated).", JoinAsync)];

    private async Task<Finding> JoinAsync(CancellationToken cancellationToken)
    {
        if (settings.Get(setting) is not { } address)
        {
            return Finding.Skipped($"none configured ({setting.Flag})");
        }

        // The system chooses the way out: a rendezvous elsewhere can't be reached from the loopback address.
        bool isLocal = IPAddress.TryParse(address.Host, out IPAddress? host) && IPAddress.IsLoopback(host);
        MeshInvitation invitation = new(
            address,
            settings.Get(KnownSettings.Network),
            new IPEndPoint(isLocal ? IPAddress.Loopback : IPAddress.Any, 0),
            settings.Get(KnownSettings.JoinSecret));
        await using MeshVisit visit = await MeshVisit.JoinAsync(invitation, JoinMax, cancellationToken);
        DirectoryEntry[]? entries = await visit.DirectoryAsync(DirectoryMax, cancellationToken);
        return Finding.Good($"{address.Host}:{address.Port} granted a ticket and lists {entries?.Length ?? 0} peers");
    }
}
