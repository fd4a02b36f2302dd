using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Threading.Tasks;
using Darkbloom.Conformance.Clients;
using Darkbloom.Conformance.Exchanges;
using Darkbloom.Conformance.Scores;
using Darkbloom.EndToEnd.Tests;

namespace Darkbloom.Conformance;

/// <summary>Scores a local mesh by what OpenAI's clients rely on; exits with 1 when a goal is missed.</summary>
internal static class Program
{
    private const string Usage = """
        Usage: make conformance [ARGS="..."], or: dotnet run --project tests/Conformance -- [options]

        --json FILE   write the score there as well
        """;

    private static async Task<int> Main(string[] args)
    {
        if (args is not ([] or ["--json", _]))
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        await using MeshProcess mesh = await MeshProcess.StartAsync("--nodes", "1");
        using HttpClient http = new() { BaseAddress = new Uri(mesh.Url[..^"/v1".Length]), Timeout = MeshProcess.PatienceMax };
        http.DefaultRequestHeaders.Authorization = new("Bearer", mesh.ApiKey);
        List<ScoreRow> rows = [];
        if (RecordedExchange.File is null)
        {
            Console.WriteLine("No recorded exchanges: ../shared/conformance/openai-exchanges.jsonl is not beside the repository.");
        }
        else
        {
            rows.AddRange(await ExchangeScore.RunAsync(new ExchangeReplay(http, mesh.Model)));
        }

        ClientChecks clients = new(mesh.Url, mesh.ApiKey, mesh.Model);
        foreach (string client in ClientChecks.Clients)
        {
            rows.Add(await clients.RunAsync(client));
        }

        ScoreReport report = new(rows);
        report.Write(Console.Out);
        if (args is ["--json", { } path])
        {
            await using FileStream file = File.Create(path);
            report.WriteJson(file);
        }

        return report.IsMet ? 0 : 1;
    }
}
