using Darkbloom.Protocol.Identity;

namespace Darkbloom.Mesh.Routing;

/// <summary>What a request needs of a route.</summary>
/// <param name="Model">Exactly as a card names it.</param>
/// <param name="PromptTokens">An estimate: the gateway has no tokenizer.</param>
/// <param name="OutputTokens">An estimate of what will be drawn, over all choices.</param>
/// <param name="ContextTokensMin">Routes with a smaller context are passed over.</param>
/// <param name="Needs">Routes that can't do all of it are passed over.</param>
/// <param name="Fingerprint">Routes with another one are passed over; empty: any will do.</param>
/// <param name="Preferred">The node that has most of the prompt in its cache, if one is known to.</param>
/// <param name="IsBatch">Nobody waits for the answer: leases are left to requests that somebody waits for.</param>
public readonly record struct RouteQuery(
    string Model,
    uint PromptTokens,
    uint OutputTokens,
    uint ContextTokensMin = 0,
    ModelCapabilities Needs = ModelCapabilities.None,
    string Fingerprint = "",
    PeerId? Preferred = null,
    bool IsBatch = false)
{
    /// <summary>Whether the route's model can do what is asked, however busy its node is.</summary>
    public bool Fits(Route route) =>
        route.ContextTokens >= ContextTokensMin
        && (route.Capabilities & Needs) == Needs
        && (Fingerprint.Length == 0 || string.Equals(route.Fingerprint, Fingerprint, System.StringComparison.Ordinal));
}
