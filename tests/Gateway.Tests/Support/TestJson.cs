using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Darkbloom.Gateway.Tests.Support;

internal static class TestJson
{
    public static JsonSerializerOptions Options { get; } = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
}
