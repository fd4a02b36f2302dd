using System;
using System.Security.Cryptography;
using System.Text.Json;
using Darkbloom.Protocol.Handshake;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>The platform's HMAC-SHA256, whole and cut as mac1 and cookies cut it, against published vectors.</summary>
public sealed class HmacVectorTests
{
    private const string Path = "wycheproof/hmac_sha256_test.json";

    [VectorFact(Path)]
    public void Macs_pass_wycheproof()
    {
        using JsonDocument document = SharedVectors.Read(Path);
        int accepted = 0;
        int refused = 0;
        int cut = 0;
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                bool valid = test.GetProperty("result").GetString() == "valid";
                byte[] tag = test.Bytes("tag");
                ReadOnlySpan<byte> computed = HMACSHA256.HashData(test.Bytes("key"), test.Bytes("msg")).AsSpan(0, tag.Length);
                Assert.True(CryptographicOperations.FixedTimeEquals(computed, tag) == valid, $"test {test.GetProperty("tcId")}");
                accepted += valid ? 1 : 0;
                refused += valid ? 0 : 1;
                cut += tag.Length == HandshakeMac.Size ? 1 : 0;
            }
        }
        Assert.True(accepted >= 50 && refused >= 50 && cut >= 50, $"{accepted} accepted, {refused} refused, {cut} cut");
    }
}
