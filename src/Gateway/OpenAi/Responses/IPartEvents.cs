using System.Collections.Generic;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Responses;

/// <summary>Hears of the parts of an answer as they come: each begins, grows and ends before the next one begins.</summary>
internal interface IPartEvents
{
    void Begin(GeneratedPart part);

    /// <summary>The part has grown by <paramref name="text"/>, which it holds already.</summary>
    void Append(GeneratedPart part, string text, IReadOnlyList<TokenChance> chances);

    void End(GeneratedPart part);
}
