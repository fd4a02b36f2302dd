using System.Text.Json;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

public sealed class X25519Tests
{
    private const string Path = "wycheproof/x25519_test.json";

    [VectorFact(Path)]
    public void Every_tenth_wycheproof_vector_agrees()
    {
        using JsonDocument document = SharedVectors.Read(Path);
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                if (test.GetProperty("tcId").GetInt32() % 10 == 1)
                {
                    Assert.Equal(test.Bytes("shared"), X25519.Agree(test.Bytes("private"), test.Bytes("public")));
                }
            }
        }
    }
}
