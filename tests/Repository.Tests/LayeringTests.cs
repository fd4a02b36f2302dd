using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>Who may know whom (docs/architecture.md, Layers).</summary>
public sealed class LayeringTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["src/Protocol/Protocol.csproj"] = [],
        ["src/Mesh/Mesh.csproj"] = ["Protocol"],
        ["src/Rendezvous/Rendezvous.csproj"] = ["Mesh", "Protocol"],
        ["src/Node/Node.csproj"] = ["Mesh", "Protocol"],
        ["src/Gateway/Gateway.csproj"] = ["Mesh", "Protocol"],
        ["src/Cli/Cli.csproj"] = ["Gateway", "Mesh", "Node", "Protocol", "Rendezvous", "Simulations"],
        ["simulations/Simulations.csproj"] = ["Mesh", "Protocol", "Rendezvous"],
        ["tools/RandomModel/RandomModel.csproj"] = [],
        // The mesh that is measured runs as processes: Cli is built first and never linked.
        ["bench/Bench.csproj"] = ["Cli", "Mesh", "Node", "Protocol", "RandomModel"],
        ["bench/Transport/TransportBench.csproj"] = ["LinkEmulator", "Mesh", "Protocol"],
        ["tests/LinkEmulator/LinkEmulator.csproj"] = [],
        ["tests/LinkEmulator.Tests/LinkEmulator.Tests.csproj"] = ["LinkEmulator"],
        // The soak runs what Mesh.Tests runs, for longer.
        ["tests/Fuzz/Fuzz.csproj"] = ["Mesh.Tests"],
        ["tests/Protocol.Tests/Protocol.Tests.csproj"] = ["Protocol"],
        ["tests/Mesh.Tests/Mesh.Tests.csproj"] = ["Mesh", "Protocol", "Simulations"],
        ["tests/Simulations.Tests/Simulations.Tests.csproj"] = ["Mesh", "Protocol", "Simulations"],
        ["tests/Rendezvous.Tests/Rendezvous.Tests.csproj"] = ["Mesh", "Protocol", "Rendezvous"],
        ["tests/Node.Tests/Node.Tests.csproj"] = ["Mesh", "Node", "Protocol"],
        // The mesh that is compared runs as processes, and what compares links none of it.
        ["tests/Conformance/Conformance.csproj"] = ["Cli"],
        ["tests/Gateway.Tests/Gateway.Tests.csproj"] = ["Conformance", "Gateway", "Mesh", "Protocol"],
        ["tests/Cli.Tests/Cli.Tests.csproj"] = ["Cli", "Gateway", "Mesh", "Node", "Protocol", "Rendezvous", "Simulations"],
        // The whole mesh from the outside: processes again.
        ["tests/EndToEnd.Tests/EndToEnd.Tests.csproj"] = ["Cli", "Conformance"],
        ["tests/Repository.Tests/Repository.Tests.csproj"] = ["Gateway", "Mesh", "Node", "Protocol", "Rendezvous"],
    };

    [Fact]
    public void Each_project_references_exactly_what_its_layer_allows()
    {
        Dictionary<string, string[]> actual = RepositoryFiles.All
            .Where(path => path.EndsWith(".csproj", StringComparison.Ordinal))
            .ToDictionary(path => path, References);
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        RepositoryFiles.AssertNone(Allowed
            .Where(pair => !pair.Value.SequenceEqual(actual[pair.Key]))
            .Select(pair => $"{pair.Key} references {string.Join(", ", actual[pair.Key])}"));
    }

    [Theory]
    [InlineData("bench/Bench.csproj")]
    [InlineData("tests/EndToEnd.Tests/EndToEnd.Tests.csproj")]
    [InlineData("tests/Conformance/Conformance.csproj")]
    public void What_starts_the_mesh_as_processes_links_none_of_it(string project) => Assert.Equal(
        "false",
        XDocument.Parse(RepositoryFiles.Read(project)).Descendants("ProjectReference")
            .Single(reference => reference.Attribute("Include")!.Value.EndsWith("Cli.csproj", StringComparison.Ordinal))
            .Attribute("ReferenceOutputAssembly")?.Value);

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = RepositoryFiles.Read("Darkbloom.sln").Replace('\\', '/');
        RepositoryFiles.AssertNone(RepositoryFiles.All.Where(path =>
            path.EndsWith(".csproj", StringComparison.Ordinal) && !solution.Contains(path, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_source_project_is_tested()
    {
        RepositoryFiles.AssertNone(Allowed.Keys
            .Where(path => path.StartsWith("src/", StringComparison.Ordinal))
            .Select(Path.GetFileNameWithoutExtension)
            .Where(name => !RepositoryFiles.Exists($"tests/{name}.Tests/{name}.Tests.csproj"))
            .Select(name => $"{name} has no test project"));
    }

    [Theory]
    [InlineData("src/Mesh/")]
    [InlineData("src/Rendezvous/")]
    [InlineData("src/Protocol/")]
    [InlineData("simulations/")]
    public void Only_Hosting_logs(string place) => RepositoryFiles.AssertNone(RepositoryFiles.Sources
        .Where(path => path.StartsWith(place, StringComparison.Ordinal) && !path.Contains("/Hosting/", StringComparison.Ordinal))
        .Where(path => RepositoryFiles.Read(path).Contains("using Microsoft.Extensions.Logging", StringComparison.Ordinal)));

    [Fact]
    public void The_mesh_calls_the_system_from_one_folder() => RepositoryFiles.AssertNone(RepositoryFiles.Sources
        .Where(path => path.StartsWith("src/Mesh/", StringComparison.Ordinal)
            && !path.StartsWith("src/Mesh/Hosting/Linux/", StringComparison.Ordinal))
        .Where(path => RepositoryFiles.Read(path) is { } text
            && (text.Contains(" unsafe ", StringComparison.Ordinal) || text.Contains("LibraryImport(", StringComparison.Ordinal))));

    private static string[] References(string project) =>
    [
        .. XDocument.Parse(RepositoryFiles.Read(project)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
            .Order(StringComparer.Ordinal),
    ];
}
