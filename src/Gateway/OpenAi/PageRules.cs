namespace Darkbloom.Gateway.OpenAi;

/// <summary>How long the pages of a list are, and what stands first unless the query says.</summary>
internal sealed record PageRules(int LimitDefault, int LimitMax, bool OldestFirst = false);
