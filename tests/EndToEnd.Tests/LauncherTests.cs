using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>The launcher and the native build on machines that lack something.</summary>
public sealed class LauncherTests : IDisposable
{
    private const int MissingRequirement = 69;

    private static readonly string[] Tools = ["dotnet", "npm", "node", "g++", "clang++", "c++"];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("darkbloom launcher ");

    [Theory]
    [InlineData("dotnet", ".NET 10 SDK")]
    [InlineData("npm", "Node.js")]
    [InlineData("g++", "C++ compiler")]
    public async Task A_missing_tool_is_named_with_the_command_that_installs_it(string missing, string name)
    {
        string launcher = Path.Combine(_directory.FullName, "darkbloom");
        File.Copy(Path.Combine(Launcher.Root, "darkbloom"), launcher);
        Finished finished = await RunAsync(launcher, ["--help"], PathWithout(missing));
        Assert.Equal(MissingRequirement, finished.ExitCode);
        Assert.Contains(name, finished.Error, StringComparison.Ordinal);
        Assert.Contains("Debian:", finished.Error, StringComparison.Ordinal);
        Assert.Contains("macOS:", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_out_of_reach_is_one_clear_error_and_leaves_no_half_installed_engine()
    {
        string target = Path.Combine(_directory.FullName, "native");
        ProcessStartInfo start = new("sh", [Path.Combine(Launcher.Root, "native", "build.sh"), Path.Combine(Launcher.Root, "native"), target]);
        start.Environment["npm_config_registry"] = "http://127.0.0.1:9/";
        start.Environment["npm_config_cache"] = Path.Combine(_directory.FullName, "cache");
        start.Environment["npm_config_fetch_retries"] = "0";
        Finished finished = await FinishAsync(start);
        Assert.NotEqual(0, finished.ExitCode);
        Assert.Contains("error DBLOOM", finished.Output + finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_directory.EnumerateFiles("libllama*", SearchOption.AllDirectories), _ => true);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>A search path on which every command of this machine is found but one and its stand-ins.</summary>
    private string PathWithout(string missing)
    {
        string[] left = missing == "g++" ? ["g++", "clang++", "c++"] : [missing];
        DirectoryInfo bin = _directory.CreateSubdirectory("bin");
        foreach (string directory in Environment.GetEnvironmentVariable("PATH")!.Split(':').Where(Directory.Exists))
        {
            foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles())
            {
                string link = Path.Combine(bin.FullName, file.Name);
                if (!left.Contains(file.Name) && !File.Exists(link))
                {
                    File.CreateSymbolicLink(link, file.FullName);
                }
            }
        }

        Assert.All(Tools.Except(left).Where(tool => tool is "dotnet" or "npm" or "g++"), tool => Assert.True(File.Exists(Path.Combine(bin.FullName, tool)), tool));
        return bin.FullName;
    }

    private static Task<Finished> RunAsync(string program, string[] arguments, string path)
    {
        ProcessStartInfo start = new(program, arguments);
        start.Environment["PATH"] = path;
        return FinishAsync(start);
    }

    private static async Task<Finished> FinishAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(MeshProcess.PatienceMax);
        return new Finished(process.ExitCode, await output, await error);
    }
}
