using System;
using System.Threading.Tasks;
using Darkbloom.Conformance.Clients;
using Darkbloom.Conformance.Scores;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>The official npm clients of every dialect, whole and streamed, with what must fail.</summary>
[Collection(SharedMeshGroup.Name)]
public sealed class ClientCheckTests(SharedMesh shared)
{
    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("ollama")]
    [InlineData("ai-sdk")]
    [InlineData("langchain")]
    [InlineData("agents")]
    public async Task Every_operation_of_a_client_passes(string client)
    {
        ScoreRow row = await new ClientChecks(shared.Mesh.Url, shared.Mesh.ApiKey, shared.Mesh.Model).RunAsync(client);
        Assert.True(row.IsMet, string.Join(Environment.NewLine, row.Failures));
        Assert.True(row.Passed > 4);
    }
}
