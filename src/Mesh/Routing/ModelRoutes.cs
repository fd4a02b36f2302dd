using System.Collections.Immutable;

namespace Darkbloom.Mesh.Routing;

/// <summary>The nodes that serve one model, sorted by <see cref="Route.Node"/>.</summary>
public sealed record ModelRoutes(string Model, ImmutableArray<Route> Routes)
{
    /// <summary>Those whose nodes keep a slot for this peer, or did until lately; sorted likewise.</summary>
    public ImmutableArray<Route> Leased { get; init; } = Routes.RemoveAll(static route => route.LeasedUntil is null);

    /// <summary>The same with another route in this position.</summary>
    internal ModelRoutes With(int position, Route route)
    {
        ImmutableArray<Route> routes = Routes.SetItem(position, route);
        return Routes[position].LeasedUntil is null && route.LeasedUntil is null
            ? this with { Routes = routes }
            : new ModelRoutes(Model, routes);
    }
}
