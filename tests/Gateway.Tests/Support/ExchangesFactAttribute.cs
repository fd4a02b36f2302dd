using Darkbloom.Conformance.Exchanges;
using Xunit;

namespace Darkbloom.Gateway.Tests.Support;

/// <summary>A test that compares with recorded OpenAI traffic, which lies beside the repository and is not part of it.</summary>
internal sealed class ExchangesFactAttribute : FactAttribute
{
    public ExchangesFactAttribute()
    {
        if (RecordedExchange.File is null)
        {
            Skip = "No recorded exchanges: ../shared/conformance/openai-exchanges.jsonl is not beside the repository.";
        }
    }
}
