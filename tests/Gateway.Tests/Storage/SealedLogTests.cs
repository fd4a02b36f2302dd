using System;
using System.IO;
using System.Linq;
using System.Text;
using Darkbloom.Gateway.Storage;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Storage;

public sealed class SealedLogTests : IDisposable
{
    private const string Name = "results/batch_1";

    private readonly StateDirectory _state = new();
    private readonly StateSeal _seal = StateSeal.Draw();

    private string Path => System.IO.Path.Combine(_state.Path, "log");

    public void Dispose() => _state.Dispose();

    [Fact]
    public void What_was_appended_is_read_by_its_place_also_after_a_restart()
    {
        using (SealedLog log = Open())
        {
            Append(log, "one", "", "three");
            Assert.Equal(["one", "", "three"], ReadAll(log));
        }

        using SealedLog again = Open();
        Assert.Equal(["one", "", "three"], ReadAll(again));
        Append(again, "four");
        Assert.Equal("four", Text(again.Read(3)));
    }

    [Fact]
    public void A_log_cut_at_any_byte_has_the_records_that_are_whole_and_goes_on_behind_them()
    {
        int[] ends = new int[4];
        using (SealedLog log = Open())
        {
            for (int i = 0; i < 3; i++)
            {
                Append(log, $"record {i}");
                ends[i + 1] = (int)new FileInfo(Path).Length;
            }
        }

        byte[] whole = File.ReadAllBytes(Path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..length]);
            int kept = ends.Count(end => end <= length) - 1;
            using (SealedLog cut = Open())
            {
                Assert.Equal(Enumerable.Range(0, kept).Select(static i => $"record {i}"), ReadAll(cut));
                Append(cut, "next");
            }

            using SealedLog again = Open();
            Assert.Equal("next", Text(again.Read(kept)));
            Assert.Equal(kept + 1, again.Count);
        }
    }

    [Fact]
    public void A_record_that_was_changed_is_never_read_as_another_one()
    {
        using (SealedLog log = Open())
        {
            Append(log, "first", "second");
        }

        byte[] whole = File.ReadAllBytes(Path);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 1;
            File.WriteAllBytes(Path, changed);
            try
            {
                using SealedLog log = Open();
                string[] read = ReadAll(log);
                Assert.Equal(["first"], read); // the last record counts as one that was being written
            }
            catch (InvalidDataException)
            {
                continue;
            }
        }
    }

    [Fact]
    public void Records_can_not_change_places_or_logs()
    {
        using (SealedLog log = Open())
        {
            Append(log, "aaaa", "bbbb", "cccc");
        }

        byte[] whole = File.ReadAllBytes(Path);
        int size = whole.Length / 3;
        File.WriteAllBytes(Path, [.. whole[size..(2 * size)], .. whole[..size], .. whole[(2 * size)..]]);
        using (SealedLog moved = Open())
        {
            Assert.Throws<InvalidDataException>(() => moved.Read(0));
            Assert.Throws<InvalidDataException>(() => moved.Read(1));
        }

        File.WriteAllBytes(Path, whole);
        using SealedLog other = SealedLog.Open(Path, _seal, "results/batch_2");
        Assert.Throws<InvalidDataException>(() => other.Read(0));
    }

    [Fact]
    public void Nothing_that_was_appended_stands_in_the_file()
    {
        using (SealedLog log = Open())
        {
            Append(log, "a secret prompt");
        }

        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(File.ReadAllBytes(Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_has_as_many_bytes_as_allowed_and_not_one_more()
    {
        byte[] most = new byte[SealedLog.RecordBytesMax];
        using (SealedLog log = Open())
        {
            log.Append(most);
            Assert.Throws<ArgumentOutOfRangeException>(() => log.Append(new byte[most.Length + 1]));
            Assert.Equal(1, log.Count);
        }

        using SealedLog again = Open();
        Assert.Equal(most.Length, again.Read(0).Length);
    }

    private SealedLog Open() => SealedLog.Open(Path, _seal, Name);

    private static void Append(SealedLog log, params string[] records)
    {
        foreach (string record in records)
        {
            log.Append(Encoding.UTF8.GetBytes(record));
        }

        log.Flush();
    }

    private static string[] ReadAll(SealedLog log) => [.. Enumerable.Range(0, log.Count).Select(index => Text(log.Read(index)))];

    private static string Text(byte[] record) => Encoding.UTF8.GetString(record);
}
