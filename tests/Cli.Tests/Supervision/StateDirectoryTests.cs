using System;
using System.IO;
using Darkbloom.Cli.Supervision;
using Xunit;

namespace Darkbloom.Cli.Tests.Supervision;

public sealed class StateDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _parent = new();

    [Fact]
    public void A_temporary_directory_is_private_and_goes_with_its_mesh()
    {
        string path;
        using (StateDirectory state = StateDirectory.CreateTemporary(_parent.FullPath))
        {
            path = state.FullPath;
            File.WriteAllText(Path.Combine(state.For("node-1"), "identity.key"), "");
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            }
        }

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void A_directory_whose_mesh_was_killed_is_removed_by_the_next_start()
    {
        string abandoned = Directory.CreateDirectory(Path.Combine(_parent.FullPath, "darkbloom-up-abandoned")).FullName;
        File.WriteAllText(Path.Combine(abandoned, "up.lock"), "");
        using StateDirectory alive = StateDirectory.CreateTemporary(_parent.FullPath);
        Assert.False(Directory.Exists(abandoned));

        using StateDirectory next = StateDirectory.CreateTemporary(_parent.FullPath);
        Assert.True(Directory.Exists(alive.FullPath));
    }

    [Fact]
    public void A_directory_of_someone_else_is_left_alone()
    {
        string foreign = Directory.CreateDirectory(Path.Combine(_parent.FullPath, "darkbloom-up-notes")).FullName;
        using StateDirectory state = StateDirectory.CreateTemporary(_parent.FullPath);
        Assert.True(Directory.Exists(foreign));
    }

    [Fact]
    public void A_chosen_directory_stays_and_serves_one_mesh_at_a_time()
    {
        string path = Path.Combine(_parent.FullPath, "with space", "state");
        using (StateDirectory first = StateDirectory.Open(path))
        {
            Assert.Contains("--state", Assert.Throws<InvalidOperationException>(() => StateDirectory.Open(path)).Message, StringComparison.Ordinal);
        }

        Assert.True(Directory.Exists(path));
        using StateDirectory again = StateDirectory.Open(path);
    }

    public void Dispose() => _parent.Dispose();
}
