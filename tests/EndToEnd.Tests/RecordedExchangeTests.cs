using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Threading.Tasks;
using Darkbloom.Conformance.Exchanges;
using Darkbloom.Conformance.Scores;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

[Collection(SharedMeshGroup.Name)]
public sealed class RecordedExchangeTests(SharedMesh shared)
{
    [RecordedExchangesFact]
    public async Task Recorded_exchanges_reach_their_goal_on_a_real_mesh()
    {
        using HttpClient http = new() { BaseAddress = new Uri(shared.Mesh.Url[..^"/v1".Length]), Timeout = MeshProcess.PatienceMax };
        http.DefaultRequestHeaders.Authorization = new("Bearer", shared.Mesh.ApiKey);
        IReadOnlyList<ScoreRow> rows = await ExchangeScore.RunAsync(new ExchangeReplay(http, shared.Mesh.Model));
        using StringWriter table = new();
        ScoreReport report = new(rows);
        report.Write(table);
        Assert.True(report.IsMet, table.ToString());
    }
}
