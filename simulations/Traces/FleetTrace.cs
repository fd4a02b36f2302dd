using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;

namespace Darkbloom.Simulations.Traces;

/// <summary>A recorded workload that a scenario replays, in the order of arrival.</summary>
public sealed record FleetTrace(ImmutableArray<TraceRequest> Requests)
{
    public const string Header = "arrived_s,prompt_tokens,output_tokens,conversation,shared_tokens";

    /// <summary>Of one prompt or answer.</summary>
    public const int TokensMax = 1_000_000;

    /// <summary>More are not kept in memory: a part of the file is asked for instead.</summary>
    public const int RequestsMax = 5_000_000;

    public static string RowOf(TraceRequest request) => string.Create(
        CultureInfo.InvariantCulture,
        $"{request.ArrivedS:F6},{request.PromptTokens},{request.OutputTokens},{request.Conversation},{request.SharedTokens}");

    /// <summary>Reads what <see cref="RowOf"/> wrote, or any other known format.</summary>
    /// <exception cref="FormatException">A line is wrong, or there are too many.</exception>
    public static FleetTrace Read(IEnumerable<string> lines, double requestsPerSecond)
    {
        ArgumentNullException.ThrowIfNull(lines);
        TraceReader reader = new(requestsPerSecond);
        ImmutableArray<TraceRequest>.Builder requests = ImmutableArray.CreateBuilder<TraceRequest>();
        foreach (string line in lines)
        {
            if (reader.Read(line) is { } request)
            {
                requests.Add(requests.Count < RequestsMax ? request : throw new FormatException(
                    $"line {reader.Lines}: the file has more than {RequestsMax} requests; import a part of it with --minutes."));
            }
        }

        return requests.Count > 0 ? new FleetTrace(requests.ToImmutable()) : throw new FormatException("The file holds no request.");
    }
}
