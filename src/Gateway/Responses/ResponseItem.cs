namespace Darkbloom.Gateway.Responses;

/// <summary>An item of a response's input, as it is told to clients and kept.</summary>
/// <param name="Json">The item whole, its id included.</param>
internal sealed record ResponseItem(string Id, string Json);
