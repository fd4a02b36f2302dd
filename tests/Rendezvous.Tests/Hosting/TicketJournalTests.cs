using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Tickets;
using Darkbloom.Rendezvous.Hosting;
using Darkbloom.Rendezvous.Log;
using Xunit;

namespace Darkbloom.Rendezvous.Tests.Hosting;

public sealed class TicketJournalTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Committed_records_are_read_back_after_reopening()
    {
        string path = _directory.Sub("journal");
        using (TicketJournal journal = TicketJournal.Open(path))
        {
            await AppendAsync(journal, 0, 100);
        }
        using TicketJournal reopened = TicketJournal.Open(path);
        Assert.Equal(Numbers(0, 100), await ReadAsync(reopened));
    }

    [Fact]
    public async Task Appending_goes_on_after_reopening()
    {
        string path = _directory.Sub("journal");
        for (int round = 0; round < 5; round++)
        {
            using TicketJournal journal = TicketJournal.Open(path);
            await AppendAsync(journal, round * 10, 10);
        }
        using TicketJournal reopened = TicketJournal.Open(path);
        Assert.Equal(Numbers(0, 50), await ReadAsync(reopened));
    }

    [Fact]
    public async Task Committed_records_survive_a_kill()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 20);
        _ = journal.Append(Record(20)); // in memory only: the process dies before its commit

        string left = _directory.CopyOf(path, "killed");
        using TicketJournal recovered = TicketJournal.Open(left);
        Assert.Equal(Numbers(0, 20), await ReadAsync(recovered));
        await AppendAsync(recovered, 21, 1);
        Assert.Equal([.. Numbers(0, 20), 21], await ReadAsync(recovered));
    }

    [Fact]
    public async Task A_kill_between_any_two_commits_loses_nothing_committed()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        for (int count = 1; count <= 30; count++)
        {
            await AppendAsync(journal, count - 1, 1);
            using TicketJournal recovered = TicketJournal.Open(_directory.CopyOf(path, $"killed-{count}"));
            Assert.Equal(Numbers(0, count), await ReadAsync(recovered));
        }
    }

    [Fact]
    public async Task A_torn_commit_file_loses_no_record()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 20);
        await AppendAsync(journal, 20, 1);
        long whole = new FileInfo(NewestCommit(_directory.CopyOf(path, "whole"))).Length;

        // Every byte of the small metadata; the file is padded to a sector behind it.
        for (int length = 0; length < Math.Min(whole, 128); length += 3)
        {
            string torn = _directory.CopyOf(path, $"torn-{length}");
            using (FileStream file = new(NewestCommit(torn), FileMode.Open))
            {
                file.SetLength(length);
            }
            using TicketJournal recovered = TicketJournal.Open(torn);
            Assert.Equal(Numbers(0, 21), await ReadAsync(recovered));
        }
    }

    [Theory]
    [InlineData("no log")]
    [InlineData("no log, bad commit")]
    [InlineData("zeroed log")]
    [InlineData("hole in the log")]
    [InlineData("cut log")]
    public async Task A_damaged_journal_is_refused_instead_of_half_forgotten(string damage)
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 10);
        await AppendAsync(journal, 10, 10);
        string damaged = _directory.CopyOf(path, "damaged");
        Damage(damage, damaged);
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            using TicketJournal opened = TicketJournal.Open(damaged);
            _ = await ReadAsync(opened);
        });
    }

    [Fact]
    public async Task No_flipped_bit_makes_another_record()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 4);
        int refused = 0;
        for (int offset = 64; offset < 600; offset += 5)
        {
            string flipped = _directory.CopyOf(path, $"flipped-{offset}");
            string log = Assert.Single(Directory.GetFiles(flipped, "tickets.log*"));
            byte[] bytes = await File.ReadAllBytesAsync(log);
            bytes[offset] ^= 0x10;
            await File.WriteAllBytesAsync(log, bytes);
            try
            {
                using TicketJournal opened = TicketJournal.Open(flipped);
                Assert.Equal(Numbers(0, 4), await ReadAsync(opened)); // the bit was padding
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 100, 108);
    }

    [Fact]
    public async Task Bytes_behind_the_last_commit_are_ignored()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 20);
        string torn = _directory.CopyOf(path, "torn");
        string log = Assert.Single(Directory.GetFiles(torn, "tickets.log*"));
        await File.AppendAllBytesAsync(log, [.. new byte[700].Select((_, index) => (byte)(index & 0xFF))]);
        using TicketJournal recovered = TicketJournal.Open(torn);
        Assert.Equal(Numbers(0, 20), await ReadAsync(recovered));
        await AppendAsync(recovered, 20, 1);
        Assert.Equal(Numbers(0, 21), await ReadAsync(recovered));
    }

    [Fact]
    public async Task Compaction_keeps_the_live_records_and_frees_the_rest()
    {
        string path = _directory.Sub("journal");
        using (TicketJournal journal = TicketJournal.Open(path))
        {
            await AppendAsync(journal, 0, 1000);
            long full = journal.Bytes;
            await journal.CommitAsync(journal.Compact([Record(7), Record(8)]), CancellationToken.None);
            Assert.InRange(journal.Bytes, 1, full / 100);
            await AppendAsync(journal, 9, 1);
            Assert.Equal([7, 8, 9], await ReadAsync(journal));
        }
        using TicketJournal reopened = TicketJournal.Open(path);
        Assert.Equal([7, 8, 9], await ReadAsync(reopened));
    }

    [Fact]
    public async Task A_kill_during_compaction_leaves_one_state_or_the_other()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        await AppendAsync(journal, 0, 50);
        long address = journal.Compact([Record(7)]);
        using (TicketJournal before = TicketJournal.Open(_directory.CopyOf(path, "before")))
        {
            Assert.Equal(Numbers(0, 50), await ReadAsync(before));
        }
        await journal.CommitAsync(address, CancellationToken.None);
        using TicketJournal after = TicketJournal.Open(_directory.CopyOf(path, "after"));
        Assert.Equal([7], await ReadAsync(after));
    }

    [Fact]
    public async Task Records_beyond_one_page_and_beyond_memory_are_read_back()
    {
        string path = _directory.Sub("journal");
        const int count = 12_000; // about 1.7 MB: more than the log keeps in memory
        using (TicketJournal journal = TicketJournal.Open(path))
        {
            for (int first = 0; first < count; first += 1000)
            {
                await AppendAsync(journal, first, 1000);
            }
        }
        using TicketJournal reopened = TicketJournal.Open(path);
        Assert.Equal(Numbers(0, count), await ReadAsync(reopened));
    }

    [Fact]
    public async Task Concurrent_commits_all_complete()
    {
        string path = _directory.Sub("journal");
        using TicketJournal journal = TicketJournal.Open(path);
        List<Task> commits = [];
        for (int number = 0; number < 200; number++)
        {
            commits.Add(journal.CommitAsync(journal.Append(Record(number)), CancellationToken.None).AsTask());
        }
        await Task.WhenAll(commits);
        using TicketJournal recovered = TicketJournal.Open(_directory.CopyOf(path, "killed"));
        Assert.Equal(Numbers(0, 200), await ReadAsync(recovered));
    }

    private static void Damage(string damage, string directory)
    {
        string log = Assert.Single(Directory.GetFiles(directory, "tickets.log*"));
        byte[] bytes = File.ReadAllBytes(log);
        switch (damage)
        {
            case "no log":
                File.Delete(log);
                return;
            case "no log, bad commit":
                File.Delete(log);
                byte[] commit = File.ReadAllBytes(NewestCommit(directory));
                commit.AsSpan(8, 24).Fill(0xA5);
                File.WriteAllBytes(NewestCommit(directory), commit);
                return;
            case "zeroed log":
                bytes.AsSpan().Clear();
                break;
            case "hole in the log":
                bytes.AsSpan(512, 512).Clear();
                break;
            default:
                bytes = bytes[..1024];
                break;
        }
        File.WriteAllBytes(log, bytes);
    }

    private static string NewestCommit(string directory) =>
        Directory.GetFiles(Path.Combine(directory, "log-commits"), "*", SearchOption.AllDirectories)
            .OrderBy(file => int.Parse(Path.GetFileName(file).Split('.')[1], System.Globalization.CultureInfo.InvariantCulture))
            .Last();

    private static IEnumerable<long> Numbers(int first, int count) => Enumerable.Range(first, count).Select(n => (long)n);

    private static JournalRecord Record(int number) => new(
        JournalRecordKind.Granted,
        new PublicKey(new UInt256(0, (UInt128)number), default),
        new UnixTime(number),
        PeerRoles.Node,
        TrustTier.Self,
        new byte[60]);

    private static async Task AppendAsync(TicketJournal journal, int first, int count)
    {
        long address = 0;
        for (int number = first; number < first + count; number++)
        {
            address = journal.Append(Record(number));
        }
        await journal.CommitAsync(address, CancellationToken.None);
    }

    private static async Task<List<long>> ReadAsync(TicketJournal journal)
    {
        List<long> numbers = [];
        await foreach (JournalRecord record in journal.ReadAllAsync(CancellationToken.None))
        {
            numbers.Add(record.When.Seconds);
        }
        return numbers;
    }
}
