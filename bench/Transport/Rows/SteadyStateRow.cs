using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>What a packet leaves for the garbage collector, once everything is warm.</summary>
internal sealed record SteadyStateRow() : Row("steady-state", "allocations over 1 GB, loopback")
{
    private const long WarmUpBytes = 64_000_000;

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        long bytes = lab.IsQuick ? 200_000_000 : 1_000_000_000;
        await using OpenConnection connection = await lab.Loopback.OpenAsync(Contender.Mesh);
        _ = await connection.UploadAsync(WarmUpBytes);
        AgentMessage sentBefore = await connection.StatisticsAsync();
        (AgentMessage Client, AgentMessage Server) before = (await lab.Loopback.Client.AskAsync("process"), await lab.Loopback.Server.AskAsync("process"));
        _ = await connection.UploadAsync(bytes);
        (AgentMessage Client, AgentMessage Server) after = (await lab.Loopback.Client.AskAsync("process"), await lab.Loopback.Server.AskAsync("process"));
        double packets = (await connection.StatisticsAsync()).Real("sent") - sentBefore.Real("sent");
        double sender = (after.Client.Real("allocated") - before.Client.Real("allocated")) / packets;
        double receiver = (after.Server.Real("allocated") - before.Server.Real("allocated")) / packets;
        double collections = after.Client.Real("gen2") - before.Client.Real("gen2") + after.Server.Real("gen2") - before.Server.Real("gen2");
        double cpuSeconds = after.Client.Real("cpu_s") - before.Client.Real("cpu_s") + after.Server.Real("cpu_s") - before.Server.Real("cpu_s");
        string note = FormattableString.Invariant($"{packets:0} packets of {bytes / 1e6:0} MB");
        return
        [
            new Goal("allocated by the sender for a packet", sender, "B", Bound.AtMost(16), note),
            new Goal("allocated by the receiver for a packet", receiver, "B", Bound.AtMost(16), note),
            new Goal("Gen2 collections, both ends", collections, "", Bound.AtMost(0), note),
            new Goal("processor time for 1 GB, both ends", cpuSeconds * 1e9 / bytes, "s", null, note),
        ];
    }
}
