using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Diagnostics;
using Darkbloom.Cli.Verbs;
using Xunit;

namespace Darkbloom.Cli.Tests.Diagnostics;

public sealed class DoctorTests
{
    [Fact]
    public async Task The_machine_that_runs_the_tests_is_healthy()
    {
        using TemporaryDirectory directory = new();
        foreach (Check check in new MachineChecks(directory.FullPath).All)
        {
            Finding finding = await check.FindAsync(CancellationToken.None);
            Assert.True(finding.Verdict is Verdict.Good or Verdict.Skipped, $"{check.Name}: {finding.Detail}");
        }
    }

    [Fact]
    public async Task A_key_that_others_can_read_is_bad_and_the_remedy_closes_it()
    {
        using TemporaryDirectory directory = new();
        string key = directory.Write("identity.key", "", isPrivate: false);
        Check check = new MachineChecks(directory.FullPath).All.Single(check => check.Name == "key files");
        Finding finding = await check.FindAsync(CancellationToken.None);
        Assert.Equal(Verdict.Bad, finding.Verdict);
        Assert.Contains($"chmod 600 {key}", finding.Remedy, StringComparison.Ordinal);

        directory.Write("identity.key", "");
        Assert.Equal(Verdict.Good, (await check.FindAsync(CancellationToken.None)).Verdict);
    }

    [Fact]
    public async Task A_check_that_throws_is_bad_and_keeps_its_remedy()
    {
        Check check = new("engine", "Run `make build`.", _ => throw new FileNotFoundException("libllama is missing"));
        Finding finding = await check.FindAsync(CancellationToken.None);
        Assert.Equal(Finding.Bad("libllama is missing.", "Run `make build`."), finding);
    }

    [Fact]
    public void Findings_are_a_table_or_JSON()
    {
        Check check = new("udp", "", _ => Task.FromResult(Finding.Good("")));
        TestTerminal plain = new();
        DoctorVerb.Show([(check, Finding.Bad("blocked", "Open it."))], json: false, plain.Create());
        Assert.Contains("FAILED", plain.Output, StringComparison.Ordinal);
        Assert.Contains("→ Open it.", plain.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', plain.Output);

        TestTerminal machine = new();
        DoctorVerb.Show([(check, Finding.Bad("blocked", "Open it."))], json: true, machine.Create());
        using JsonDocument document = JsonDocument.Parse(machine.Output);
        Assert.Equal("FAILED", document.RootElement[0].GetProperty("verdict").GetString());
    }
}
