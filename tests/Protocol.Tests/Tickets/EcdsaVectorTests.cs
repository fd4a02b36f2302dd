using System;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Tickets;
using Xunit;

namespace Darkbloom.Protocol.Tests.Tickets;

/// <summary>
/// The platform's ECDSA in P1363 form against published vectors, whose DER is decoded strictly first.
/// </summary>
public sealed class EcdsaVectorTests
{
    private const string Path = "wycheproof/ecdsa_secp256r1_sha256_test.json";

    [VectorFact(Path)]
    public void Verification_passes_wycheproof()
    {
        using JsonDocument document = SharedVectors.Read(Path);
        int accepted = 0;
        int refused = 0;
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            _ = PublicKey.TryRead(group.GetProperty("publicKey").Bytes("uncompressed").AsSpan(1), out PublicKey publicKey);
            using ECDsa key = ECDsa.Create(P256.ToParameters(publicKey));
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                bool valid = test.GetProperty("result").GetString() == "valid";
                byte[] signature = new byte[TicketSignature.Size];
                bool verifies = TryDecode(test.Bytes("sig"), signature)
                    && key.VerifyData(test.Bytes("msg"), signature, HashAlgorithmName.SHA256);
                Assert.True(verifies == valid, $"test {test.GetProperty("tcId")}");
                accepted += valid ? 1 : 0;
                refused += valid ? 0 : 1;
                if (valid)
                {
                    LowSignature.LowerS(signature);
                    Assert.True(key.VerifyData(test.Bytes("msg"), signature, HashAlgorithmName.SHA256));
                    Assert.True((signature[UInt256.Size] & 0x80) == 0);
                }
            }
        }

        Assert.True(accepted > 100 && refused > 100, $"{accepted} accepted, {refused} refused");
    }

    private static bool TryDecode(byte[] der, Span<byte> signature)
    {
        try
        {
            AsnReader reader = new(der, AsnEncodingRules.DER);
            AsnReader sequence = reader.ReadSequence();
            BigInteger r = sequence.ReadInteger();
            BigInteger s = sequence.ReadInteger();
            reader.ThrowIfNotEmpty();
            sequence.ThrowIfNotEmpty();
            return TryWrite(r, signature[..UInt256.Size]) && TryWrite(s, signature[UInt256.Size..]);
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static bool TryWrite(BigInteger value, Span<byte> target)
    {
        if (value.Sign < 0 || value.GetByteCount(isUnsigned: true) > target.Length)
        {
            return false;
        }

        int length = value.GetByteCount(isUnsigned: true);
        return value.TryWriteBytes(target[(target.Length - length)..], out _, isUnsigned: true, isBigEndian: true);
    }
}
