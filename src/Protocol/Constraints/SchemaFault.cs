namespace Darkbloom.Protocol.Constraints;

/// <summary>Why a grammar can't hold an answer to a schema.</summary>
/// <param name="Path">Where in the schema, such as <c>properties.a.not</c>; empty for the schema itself.</param>
/// <param name="Reason">For people; quotes nothing but keywords.</param>
public sealed record SchemaFault(string Path, string Reason);
