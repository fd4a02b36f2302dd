using Darkbloom.Conformance.Exchanges;
using Xunit;

namespace Darkbloom.EndToEnd.Tests;

/// <summary>A test that needs the recorded exchanges, which lie beside the repository and are no part of it.</summary>
internal sealed class RecordedExchangesFactAttribute : FactAttribute
{
    public RecordedExchangesFactAttribute()
    {
        if (RecordedExchange.File is null)
        {
            Skip = "No recorded exchanges: ../shared/conformance/openai-exchanges.jsonl is not beside the repository.";
        }
    }
}
