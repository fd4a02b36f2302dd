using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Darkbloom.Repository.Tests;

/// <summary>The values of constants, static fields and the defaults of options, by the name that documents call them.</summary>
internal static class CompiledConstants
{
    private const BindingFlags Static = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private const BindingFlags Instance = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Assembly[] Assemblies =
    [
        typeof(Protocol.Identity.PeerId).Assembly, typeof(Mesh.MeshPeer).Assembly, typeof(Rendezvous.Registrar).Assembly,
        typeof(Node.NodeHost).Assembly, typeof(Gateway.GatewayHost).Assembly,
    ];

    /// <summary>What <c>Type.Member</c> is in one of the types of this name; null if there is none.</summary>
    public static object? Find(string name)
    {
        string[] parts = name.Split('.');
        return Assemblies
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => SimpleName(type) == parts[0])
            .Select(type => Value(type, parts[1]))
            .FirstOrDefault(value => value is not null);
    }

    /// <summary>The names of all limits that other types can see, in the namespaces for which <paramref name="belongs"/> holds.</summary>
    public static IEnumerable<string> Limits(Func<string, bool> belongs) =>
        from type in Assemblies.SelectMany(assembly => assembly.GetTypes())
        where type.Namespace is { } name && belongs(name) && !type.IsEnum && !type.IsDefined(typeof(CompilerGeneratedAttribute))
        from field in type.GetFields(Static)
        where !field.IsPrivate && !field.Name.StartsWith('<')
        where field.Name.EndsWith("Max", StringComparison.Ordinal) || field.Name.EndsWith("Min", StringComparison.Ordinal)
        select $"{SimpleName(type)}.{field.Name}";

    private static object? Value(Type type, string member)
    {
        // The constants of a generic type are read from any one of its instances: they can't depend on its arguments.
        if (type.GetField(member, Static) is { } field)
        {
            return field.IsLiteral ? field.GetRawConstantValue() : field.GetValue(null);
        }

        return type.GetProperty(member, Instance) is { } option ? option.GetValue(Activator.CreateInstance(type, nonPublic: true)) : null;
    }

    private static string SimpleName(Type type) => type.Name.Split('`')[0];
}
