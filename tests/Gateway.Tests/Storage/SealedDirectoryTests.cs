using System;
using System.IO;
using System.Text;
using Darkbloom.Gateway.Storage;
using Darkbloom.Gateway.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Storage;

public sealed class SealedDirectoryTests : IDisposable
{
    private readonly StateDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public void One_gateway_at_a_time_holds_a_directory()
    {
        SealedDirectory first = SealedDirectory.Open(_state.Path);
        Assert.Contains("another gateway", Assert.Throws<IOException>(() => SealedDirectory.Open(_state.Path)).Message, StringComparison.Ordinal);
        first.Dispose();
        SealedDirectory.Open(_state.Path).Dispose();
    }

    [Fact]
    public void A_document_is_replaced_whole_and_read_by_the_next_gateway()
    {
        using (SealedDirectory disk = SealedDirectory.Open(_state.Path))
        {
            Assert.Empty(disk.List("files"));
            disk.Write("files", "a", "one"u8);
            disk.Write("files", "a", "two"u8);
            disk.Write("files", "b", "three"u8);
        }

        using SealedDirectory next = SealedDirectory.Open(_state.Path);
        Assert.Equal(["a", "b"], next.List("files"));
        Assert.Equal("two", Encoding.UTF8.GetString(next.Read("files", "a")));
        next.Delete("files", "a");
        Assert.Equal(["b"], next.List("files"));
    }

    [Fact]
    public void What_a_crash_left_half_written_is_removed()
    {
        using SealedDirectory disk = SealedDirectory.Open(_state.Path);
        Assert.Empty(disk.List("files"));
        disk.Write("files", "a", "one"u8);
        File.WriteAllText(Path.Combine(_state.Path, "files", "a.new"), "half");
        Assert.Equal(["a"], disk.List("files"));
        Assert.False(File.Exists(Path.Combine(_state.Path, "files", "a.new")));
    }

    [Fact]
    public void A_document_opens_under_its_own_name_and_key_only()
    {
        using (SealedDirectory disk = SealedDirectory.Open(_state.Path))
        {
            Assert.Empty(disk.List("files"));
            disk.Write("files", "a", "one"u8);
            File.Copy(Path.Combine(_state.Path, "files", "a"), Path.Combine(_state.Path, "files", "b"));
            Assert.Throws<InvalidDataException>(() => disk.Read("files", "b"));
            File.WriteAllBytes(Path.Combine(_state.Path, "files", "b"), []);
            Assert.Throws<InvalidDataException>(() => disk.Read("files", "b"));
        }

        File.Delete(Path.Combine(_state.Path, SealedDirectory.KeyName));
        using SealedDirectory other = SealedDirectory.Open(_state.Path);
        Assert.Throws<InvalidDataException>(() => other.Read("files", "a"));
    }

    [Fact]
    public void A_key_of_another_length_is_refused_with_what_to_do()
    {
        File.WriteAllBytes(Path.Combine(_state.Path, SealedDirectory.KeyName), new byte[31]);
        Assert.Contains("backup", Assert.Throws<InvalidDataException>(() => SealedDirectory.Open(_state.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_but_the_owner_reads_the_key()
    {
        using SealedDirectory disk = SealedDirectory.Open(_state.Path);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_state.Path, SealedDirectory.KeyName)));
        }
    }

    [Fact]
    public void An_owner_has_the_same_name_in_every_run_and_no_other_one_has_it()
    {
        string one;
        using (SealedDirectory disk = SealedDirectory.Open(_state.Path))
        {
            one = disk.OwnerOf("db-key");
            Assert.NotEqual(one, disk.OwnerOf("db-other"));
            Assert.DoesNotContain("db-key", one, StringComparison.Ordinal);
        }

        using SealedDirectory next = SealedDirectory.Open(_state.Path);
        Assert.Equal(one, next.OwnerOf("db-key"));
    }
}
