using System;
using System.Security.Cryptography;
using System.Text.Json;
using Darkbloom.Protocol.Packets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Packets;

/// <summary>The platform's AES-256-GCM, in the one shape that packets use it, against published vectors.</summary>
public sealed class AesGcmVectorTests
{
    private const string Path = "wycheproof/aes_gcm_test.json";

    [VectorFact(Path)]
    public void Aead_passes_wycheproof()
    {
        using JsonDocument document = SharedVectors.Read(Path);
        int opened = 0;
        int refused = 0;
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            if ((Number(group, "keySize"), Number(group, "ivSize"), Number(group, "tagSize")) != (256, 96, 128))
            {
                continue;
            }

            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                bool valid = test.GetProperty("result").GetString() == "valid";
                Assert.True(Opens(test) == valid, $"test {Number(test, "tcId")}");
                opened += valid ? 1 : 0;
                refused += valid ? 0 : 1;
            }
        }

        Assert.True(opened >= 30, $"{opened} opened");
        Assert.True(refused >= 15, $"{refused} refused");
    }

    private static int Number(JsonElement element, string property) => element.GetProperty(property).GetInt32();

    private static bool Opens(JsonElement test)
    {
        byte[] ciphertext = test.Bytes("ct");
        byte[] plaintext = new byte[ciphertext.Length];
        using AesGcm aead = new(test.Bytes("key"), PacketProtector.TagSize);
        try
        {
            aead.Decrypt(test.Bytes("iv"), ciphertext, test.Bytes("tag"), plaintext, test.Bytes("aad"));
            return plaintext.AsSpan().SequenceEqual(test.Bytes("msg"));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
