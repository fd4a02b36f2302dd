using System.Collections.Immutable;

namespace Darkbloom.Mesh.Routing;

/// <summary>The nodes that serve one model, sorted by <see cref="Route.Node"/>.</summary>
public sealed record ModelRoutes(string Model, ImmutableArray<Route> Routes);
