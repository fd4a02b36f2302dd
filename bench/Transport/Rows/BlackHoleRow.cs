using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Darkbloom.Bench.Goals;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;
using Darkbloom.LinkEmulator;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>A path that begins to swallow long packets, without telling.</summary>
internal sealed record BlackHoleRow() : Row("black-hole", "MTU 1300 in the middle of an upload, ICMP dropped, 100 Mbit, 40 ms RTT")
{
    private const double LeadSeconds = 1.5;
    private const double RecoverySecondsMax = 5;
    private const double RestSeconds = 3;
    private static readonly LinkProfile _narrow = Links.Mbit100 with { PacketBytesMax = 1300 };

    public override async Task<IReadOnlyList<Goal>> MeasureAsync(Lab lab)
    {
        Comparison stalls = new("s");
        Comparison rates = new("MB/s");
        for (int repetition = 0; repetition < lab.Repetitions; repetition++)
        {
            AgentPair pair = await lab.LinkAsync(_narrow, repetition);
            rates.Add("narrow from the start", await WanUpload.MeasureAsync(pair, Contender.Mesh, "", LeadSeconds + RestSeconds));

            pair = await lab.LinkAsync(Links.Mbit100, repetition);
            await using OpenConnection connection = await pair.OpenAsync(Contender.Mesh);
            Task<AgentMessage> uploading = connection.UploadForAsync(LeadSeconds + RecoverySecondsMax + RestSeconds + 1);
            await Task.Delay(TimeSpan.FromSeconds(LeadSeconds));
            _ = await connection.ReceivedAsync(); // the longest gap is that since here
            pair.Link!.UseBothWays(_narrow);
            await Task.Delay(TimeSpan.FromSeconds(RecoverySecondsMax));
            AgentMessage recovered = await connection.ReceivedAsync();
            await Task.Delay(TimeSpan.FromSeconds(RestSeconds));
            AgentMessage after = await connection.ReceivedAsync();
            _ = await uploading;
            stalls.Add(nameof(Contender.Mesh), recovered.Real("gap_ms") / 1000);
            rates.Add("narrowed", (after.Real("bytes") - recovered.Real("bytes")) / (after.Real("seconds") - recovered.Real("seconds")) / 1e6);
        }
        return
        [
            stalls.Value("black hole at 1300, stall", nameof(Contender.Mesh), Bound.AtMost(RecoverySecondsMax)),
            rates.Ratio("after the black hole / 1300 from the start", "narrowed", "narrow from the start", Bound.AtLeast(0.9)),
        ];
    }
}
