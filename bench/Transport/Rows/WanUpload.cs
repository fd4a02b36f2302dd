using System.Threading.Tasks;
using Darkbloom.Bench.Transport.Agents;
using Darkbloom.Bench.Transport.Contenders;

namespace Darkbloom.Bench.Transport.Rows;

/// <summary>Uploads of a fixed time over an emulated link: slow start is part of the figure.</summary>
internal static class WanUpload
{
    /// <summary>What the server has received per second of the time that the client sent, in MB/s.</summary>
    public static async Task<double> MeasureAsync(AgentPair pair, Contender contender, string variant, double seconds)
    {
        await using OpenConnection connection = await pair.OpenAsync(contender, variant);
        return await MeasureAsync(connection, seconds);
    }

    public static async Task<double> MeasureAsync(OpenConnection connection, double seconds)
    {
        double before = (await connection.ReceivedAsync()).Real("bytes");
        _ = await connection.UploadForAsync(seconds);
        return ((await connection.ReceivedAsync()).Real("bytes") - before) / seconds / 1e6;
    }
}
