using System.Globalization;
using System.IO;

namespace Darkbloom.Cli.Supervision;

/// <summary>What a person who has just started a mesh wants to try.</summary>
internal static class UpBanner
{
    public static void Write(TextWriter writer, UpSummary summary)
    {
        ClientLines clients = summary.Clients;
        writer.WriteLine();
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Ready after {summary.Elapsed.TotalSeconds:0.0} s: {clients.Gateway}/v1 serves {clients.Model}. Ctrl-C stops everything."));
        writer.WriteLine();
        writer.WriteLine("Ask with curl:");
        writer.WriteLine("  " + clients.Curl);
        writer.WriteLine("Ask with the official OpenAI client (npm):");
        writer.WriteLine("  " + clients.OpenAiClient);
        writer.WriteLine("Or from another terminal:");
        writer.WriteLine($"  ./darkbloom chat --config {summary.ConfigurationPath}");
        writer.WriteLine($"  ./darkbloom peers --config {summary.ConfigurationPath}");
        writer.WriteLine();
        writer.Flush();
    }
}
