using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Diagnostics;
using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Routing;

/// <summary>Every route this peer knows at one moment: immutable, so that any thread may pick from it without a lock.</summary>
/// <remarks>Models are sorted ordinally and routes by node id: the order is the same on every machine and in every run.</remarks>
public sealed class RouteTable
{
    private RouteTable(ulong version, ImmutableArray<ModelRoutes> models, int retriesLeft)
    {
        Version = version;
        Models = models;
        RetriesLeft = retriesLeft;
    }

    public static RouteTable Empty { get; } = new(0, [], retriesLeft: 0);

    /// <summary>Grows with every change.</summary>
    public ulong Version { get; }

    public ImmutableArray<ModelRoutes> Models { get; }

    /// <summary>How many attempts may still be repeated after a fault, over all requests of this peer.</summary>
    public int RetriesLeft { get; }

    /// <summary>Whether any node was ever known to serve the model.</summary>
    public bool Knows(string model) => IndexOf(model) >= 0;

    /// <summary>The routes of one model; empty when nobody serves it.</summary>
    public ReadOnlySpan<Route> RoutesOf(string model)
    {
        int index = IndexOf(model);
        return index < 0 ? [] : Models[index].Routes.AsSpan();
    }

    /// <summary>Those of them whose nodes keep a slot for this peer, or did until lately.</summary>
    public ReadOnlySpan<Route> LeasedOf(string model)
    {
        int index = IndexOf(model);
        return index < 0 ? [] : Models[index].Leased.AsSpan();
    }

    public Route? Find(string model, PeerId node)
    {
        int index = IndexOf(model);
        int route = index < 0 ? -1 : IndexOf(Models[index].Routes.AsSpan(), node);
        return route < 0 ? null : Models[index].Routes[route];
    }

    /// <summary>A table of these routes, in any order; of two for the same model and node the later one stands.</summary>
    /// <param name="modelsSeen">Models to list even if no route is left to them.</param>
    internal static RouteTable Build(
        ulong version, IEnumerable<string> modelsSeen, IEnumerable<Route> routes, int retriesLeft)
    {
        SortedDictionary<string, SortedDictionary<PeerId, Route>> byModel = new(StringComparer.Ordinal);
        foreach (string model in modelsSeen)
        {
            byModel[model] = [];
        }

        foreach (Route route in routes)
        {
            if (!byModel.TryGetValue(route.Model, out SortedDictionary<PeerId, Route>? byNode))
            {
                byModel[route.Model] = byNode = [];
            }

            byNode[route.Node] = route;
        }

        ImmutableArray<ModelRoutes>.Builder models = ImmutableArray.CreateBuilder<ModelRoutes>(byModel.Count);
        foreach (KeyValuePair<string, SortedDictionary<PeerId, Route>> model in byModel)
        {
            models.Add(new ModelRoutes(model.Key, [.. model.Value.Values]));
        }

        return new RouteTable(version, models.MoveToImmutable(), retriesLeft);
    }

    /// <summary>The next table, with one known route replaced; only the array of its model is copied.</summary>
    internal RouteTable With(Route route)
    {
        int index = IndexOf(route.Model);
        int position = index < 0 ? -1 : IndexOf(Models[index].Routes.AsSpan(), route.Node);
        Debug.Assert(position >= 0, "only a route that the table holds can be replaced");
        ModelRoutes changed = Models[index].With(position, route);
        return new RouteTable(Version + 1, Models.SetItem(index, changed), RetriesLeft);
    }

    internal RouteTable WithRetriesLeft(int retriesLeft) =>
        retriesLeft == RetriesLeft ? this : new RouteTable(Version + 1, Models, retriesLeft);

    private int IndexOf(string model)
    {
        int low = 0, high = Models.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = string.CompareOrdinal(Models[middle].Model, model);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    internal static int IndexOf(ReadOnlySpan<Route> routes, PeerId node)
    {
        int low = 0, high = routes.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = routes[middle].Node.CompareTo(node);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}
