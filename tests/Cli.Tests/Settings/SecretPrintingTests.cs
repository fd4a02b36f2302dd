using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using Darkbloom.Cli.Supervision;
using Darkbloom.Gateway;
using Darkbloom.Mesh;
using Darkbloom.Node;
using Darkbloom.Protocol.Identity;
using Darkbloom.Rendezvous;
using Xunit;

namespace Darkbloom.Cli.Tests.Settings;

/// <summary>A record prints all its members unless it says otherwise, and options end up in logs sooner or later.</summary>
public sealed class SecretPrintingTests
{
    private static readonly Assembly[] _assemblies =
    [
        typeof(LocalMeshPlan).Assembly, typeof(GatewayOptions).Assembly, typeof(MeshPeer).Assembly, typeof(NodeOptions).Assembly,
        typeof(PeerId).Assembly, typeof(Registrar).Assembly,
    ];

    [Fact]
    public void No_record_with_a_secret_prints_its_members()
    {
        Type[] records = [.. _assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => IsRecord(type) && HasSecret(type))];

        Assert.Contains(typeof(NodeOptions), records);
        Assert.Contains(typeof(GatewayOptions), records);
        Assert.Equal([], records.Where(PrintsMembers).Select(type => type.FullName));
    }

    [Fact]
    public void A_record_that_prints_its_members_is_recognized() => Assert.True(PrintsMembers(typeof(Careless)) && HasSecret(typeof(Careless)));

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;

    private static bool HasSecret(Type type) => type
        .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Any(property => IsText(property.PropertyType)
            && (property.Name.Contains("Secret", StringComparison.Ordinal) || property.Name.Contains("ApiKey", StringComparison.Ordinal)));

    private static bool IsText(Type type) => type == typeof(string) || typeof(IEnumerable<string>).IsAssignableFrom(type);

    private static bool PrintsMembers(Type type) =>
        type.GetMethod(nameof(ToString), Type.EmptyTypes)!.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private sealed record Careless(string JoinSecret);
}
