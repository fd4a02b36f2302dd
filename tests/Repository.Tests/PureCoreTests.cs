using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Darkbloom.Mesh;
using Darkbloom.Protocol.Identity;
using Xunit;

namespace Darkbloom.Repository.Tests;

/// <summary>A second lock on the rule that the core has no clock, chance, socket, task, thread or lock: it reads the compiled code.</summary>
/// <remarks>The analyzer that forbids them can be switched off in a line of source; this can't.</remarks>
public sealed class PureCoreTests
{
    private static readonly string[] BannedTypes =
    [
        "System.Random", "System.TimeProvider", "System.Guid", "System.HashCode", "System.Diagnostics.Stopwatch",
        "System.Net.Sockets.Socket", "System.Net.Sockets.UdpClient", "System.Threading.Tasks.Task", "System.Threading.Tasks.Task`1",
        "System.Threading.Tasks.ValueTask", "System.Threading.Thread", "System.Threading.Timer", "System.Threading.Lock",
        "System.Threading.Monitor", "System.Threading.Interlocked", "System.Threading.SemaphoreSlim",
        "System.Collections.Concurrent.ConcurrentDictionary`2", "System.Collections.Frozen.FrozenDictionary`2",
        "System.Collections.Immutable.ImmutableDictionary`2", "System.Security.Cryptography.RandomNumberGenerator", "System.IO.File",
        "System.Console",
    ];

    private static readonly string[] BannedMembers =
    [
        "System.DateTime.get_UtcNow", "System.DateTime.get_Now", "System.DateTimeOffset.get_UtcNow", "System.DateTimeOffset.get_Now",
        "System.Environment.get_TickCount", "System.Environment.get_TickCount64",
    ];

    [Fact]
    public void Protocol_is_pure() => AssertPure(typeof(PeerId).Assembly);

    [Fact]
    public void Mesh_is_pure_outside_Hosting() => AssertPure(typeof(MeshPeer).Assembly);

    [Fact]
    public void Rendezvous_is_pure_outside_Hosting() => AssertPure(Assembly.Load("Darkbloom.Rendezvous"));

    [Fact]
    public void The_scan_sees_what_Hosting_uses()
    {
        Type[] hosting = [.. typeof(MeshPeer).Assembly.GetTypes().Where(IsHosting)];
        Assert.Contains(hosting.SelectMany(Impurities), finding => finding.Contains("System.Threading.Tasks.", StringComparison.Ordinal));
        Assert.Contains(Impurities(typeof(Sample)), finding => finding.Contains("System.DateTime.get_UtcNow", StringComparison.Ordinal));
        Assert.Contains(Impurities(typeof(Sample)), finding => finding.Contains("System.Random", StringComparison.Ordinal));
    }

    private static void AssertPure(Assembly assembly) =>
        RepositoryFiles.AssertNone(assembly.GetTypes().Where(type => !IsHosting(type)).SelectMany(Impurities).Distinct());

    private static bool IsHosting(Type type) =>
        type.Namespace is { } name && (name.EndsWith(".Hosting", StringComparison.Ordinal) || name.Contains(".Hosting.", StringComparison.Ordinal));

    private static IEnumerable<string> Impurities(Type type) =>
        from member in CompiledReferences.Of(type)
        let name = TypeName(member is Type used ? used : member.DeclaringType!)
        let full = member is Type ? name : $"{name}.{member.Name}"
        where BannedTypes.Contains(name) || BannedMembers.Contains(full)
        select $"{type.FullName} uses {full}";

    private static string TypeName(Type? type) => type switch
    {
        null => "",
        { IsGenericType: true } => type.GetGenericTypeDefinition().FullName ?? type.Name,
        _ => type.FullName ?? type.Name,
    };

    private static class Sample
    {
        public static long Impure() => DateTime.UtcNow.Ticks + Random.Shared.Next();
    }
}
