using System;
using System.Collections.Immutable;
using System.Net;
using Darkbloom.Mesh.Hosting;

namespace Darkbloom.Gateway;

/// <summary>How a gateway takes part in the mesh, and how its HTTP edge listens.</summary>
public sealed record GatewayOptions
{
    public string Network { get; init; } = "darkbloom";

    /// <summary>Where the peer's UDP socket binds; port 0 lets the system choose.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Where the OpenAI endpoint listens.</summary>
    public IPEndPoint HttpBind { get; init; } = new(IPAddress.Loopback, 8484);

    /// <summary>Holds the peer's private key.</summary>
    public required string StateDirectory { get; init; }

    public required RendezvousAddress Rendezvous { get; init; }

    public string JoinSecret { get; init; } = "";

    /// <summary>Accepted API keys; empty: no key is asked for, and only loopback may be bound.</summary>
    public ImmutableArray<string> ApiKeys { get; init; } = [];

    /// <summary>Web origins whose pages may call the API, or "*"; empty: none.</summary>
    public ImmutableArray<string> CorsOrigins { get; init; } = [];

    /// <summary>Further names of models: from the name that clients use to the id that nodes serve.</summary>
    public ImmutableSortedDictionary<string, string> ModelAliases { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>How long open requests may go on after a stop was asked for.</summary>
    public TimeSpan DrainTimeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Names the secrets' presence, never the secrets: a record's own text would print them.</summary>
    public override string ToString() =>
        $"gateway of {Network} on {HttpBind}, {(ApiKeys.IsEmpty ? "no API key" : "with API keys")}";
}
