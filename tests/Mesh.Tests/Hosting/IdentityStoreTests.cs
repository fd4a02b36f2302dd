using System;
using System.IO;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Mesh.Tests.Hosting;

public sealed class IdentityStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mesh-identity-").FullName;

    private string Home => Path.Combine(_root, "home");

    private string File => Path.Combine(Home, IdentityStore.FileName);

    [Fact]
    public void An_identity_is_made_once_and_kept()
    {
        using PeerIdentity first = IdentityStore.LoadOrCreate(Home);
        using PeerIdentity second = IdentityStore.LoadOrCreate(Home);

        Assert.Equal(first.PublicKey, second.PublicKey);
        Assert.Single(Directory.GetFiles(Home));
    }

    [Fact]
    public void Only_the_owner_can_read_the_key()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        IdentityStore.LoadOrCreate(Home).Dispose();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            System.IO.File.GetUnixFileMode(Home));
    }

    [Fact]
    public void A_key_that_others_could_read_is_closed_to_them()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        IdentityStore.LoadOrCreate(Home).Dispose();
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        IdentityStore.LoadOrCreate(Home).Dispose();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(IdentityStore.FileBytesMax)]
    [InlineData(IdentityStore.FileBytesMax + 1)]
    public void A_file_that_holds_no_key_is_named_and_never_replaced(int length)
    {
        IdentityStore.LoadOrCreate(Home).Dispose();
        byte[] content = new byte[length];
        System.IO.File.WriteAllBytes(File, content);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => IdentityStore.LoadOrCreate(Home));

        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void A_truncated_key_is_never_accepted()
    {
        IdentityStore.LoadOrCreate(Home).Dispose();
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            _ = Assert.Throws<InvalidDataException>(() => IdentityStore.LoadOrCreate(Home));
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
