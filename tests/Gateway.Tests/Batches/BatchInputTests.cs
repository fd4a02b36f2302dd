using System;
using System.Linq;
using System.Text;
using Darkbloom.Gateway.Batches;
using Darkbloom.Gateway.Files;
using Darkbloom.Gateway.Storage;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Batches;

public sealed class BatchInputTests : IDisposable
{
    private const string Endpoint = "/v1/chat/completions";

    private readonly StateDirectory _state = new();
    private readonly SealedDirectory _disk;
    private readonly FileStore _files;

    public BatchInputTests()
    {
        _disk = SealedDirectory.Open(_state.Path);
        _files = new FileStore(_disk, TimeProvider.System);
    }

    public void Dispose()
    {
        _disk.Dispose();
        _state.Dispose();
    }

    [Fact]
    public void Lines_are_found_wherever_the_pieces_of_the_file_cut_them()
    {
        string[] bodies = [.. Enumerable.Range(0, 40).Select(static i => BatchHarness.Line($"{i}", new string((char)('a' + (i % 26)), i * 997)))];
        BatchInput input = Check(string.Join('\n', bodies));
        Assert.Empty(input.Faults);
        Assert.Equal(bodies.Length, input.Count);
        for (int i = 0; i < bodies.Length; i += 7)
        {
            BatchLine line = input.Read(i);
            Assert.Equal((i, $"{i}", "acme/tiny"), (line.Index, line.CustomId, line.Model));
            Assert.Contains($"\"body\":{Encoding.UTF8.GetString(line.Body.Span)}", bodies[i], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(1, "too_many_tasks")]
    public void A_batch_has_as_many_lines_as_allowed(int more, string? fault)
    {
        StringBuilder lines = new();
        for (int i = 0; i < BatchInput.LinesMax + more; i++)
        {
            lines.Append(BatchHarness.Line($"{i}")).Append('\n');
        }

        BatchInput input = Check(lines.ToString());
        Assert.Equal(fault, input.Faults.FirstOrDefault()?.Code);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(1, "line_too_long")]
    public void A_line_has_as_many_bytes_as_allowed(int more, string? fault)
    {
        int around = BatchHarness.Line("1", "").Length;
        BatchInput input = Check(BatchHarness.Line("1", new string('x', BatchInput.LineBytesMax + more - around)));
        Assert.Equal(fault, input.Faults.FirstOrDefault()?.Code);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(1, "string_above_max_length")]
    public void A_custom_id_has_as_many_characters_as_allowed(int more, string? fault)
    {
        BatchInput input = Check(BatchHarness.Line(new string('x', BatchLine.CustomIdCharsMax + more)));
        Assert.Equal(fault, input.Faults.FirstOrDefault()?.Code);
    }

    [Fact]
    public void No_more_faults_are_told_than_anybody_reads()
    {
        BatchInput input = Check(string.Concat(Enumerable.Repeat("{\n", BatchInput.FaultsMax + 1)));
        Assert.Equal(BatchInput.FaultsMax, input.Faults.Length);
    }

    [Fact]
    public void The_model_is_told_only_if_all_lines_name_the_same()
    {
        Assert.Equal("acme/tiny", Check(BatchHarness.Line("1") + "\n" + BatchHarness.Line("2")).Model);
        Assert.Null(Check(BatchHarness.Line("1") + "\n" + BatchHarness.Line("2", model: "plain")).Model);
    }

    private BatchInput Check(string text)
    {
        using FileUpload upload = _files.BeginUpload("me");
        upload.Append(Encoding.UTF8.GetBytes(text));
        FileContent content = _files.Open(upload.Commit("batch", "a", null).Id)!;
        return BatchInput.Check(content, Endpoint, static model => model is "acme/tiny" or "plain", default);
    }
}
