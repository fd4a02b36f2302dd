using System;
using System.Security.Cryptography;
using System.Text.Json;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Protocol.Tests.Identity;

public sealed class KeyPairTests
{
    private const string EcdhPath = "wycheproof/ecdh_secp256r1_test.json";

    [Theory]
    [InlineData(0)]
    [InlineData(KeyPair.Size - 1)]
    [InlineData(KeyPair.Size + 1)]
    public void Key_pair_of_another_length_is_refused(int length)
    {
        byte[] bytes = new byte[length];
        TestKeys.FreshBytes().AsSpan(0, Math.Min(length, KeyPair.Size)).CopyTo(bytes);
        Assert.False(KeyPair.TryImport(bytes, out KeyPair? keyPair));
        Assert.Null(keyPair);
    }

    [Fact]
    public void Point_off_the_curve_is_refused()
    {
        byte[] bytes = TestKeys.FreshBytes();
        bytes[^1] ^= 1;
        Assert.False(KeyPair.TryImport(bytes, out _));
        _ = PublicKey.TryRead(bytes.AsSpan(UInt256.Size), out PublicKey key);
        Assert.False(CurvePoint.TryImport(key, out _));
    }

    [Fact]
    public void Zeros_are_no_key()
    {
        Assert.False(KeyPair.TryImport(new byte[KeyPair.Size], out _));
        Assert.False(CurvePoint.TryImport(default, out _));
    }

    [Fact]
    public void Private_key_of_another_point_is_refused()
    {
        byte[] bytes = TestKeys.FreshBytes();
        TestKeys.FreshBytes().AsSpan(UInt256.Size).CopyTo(bytes.AsSpan(UInt256.Size));
        Assert.False(KeyPair.TryImport(bytes, out _));
    }

    [Fact]
    public void Private_key_beyond_the_order_is_refused()
    {
        byte[] bytes = TestKeys.FreshBytes();
        bytes.AsSpan(0, UInt256.Size).Fill(0xFF);
        Assert.False(KeyPair.TryImport(bytes, out _));
    }

    [Fact]
    public void Random_bytes_are_refused_without_an_exception()
    {
        Prng prng = new(1);
        byte[] bytes = new byte[KeyPair.Size];
        for (int i = 0; i < 1000; i++)
        {
            RandomBytes.Fill(prng, bytes);
            Assert.False(KeyPair.TryImport(bytes, out _));
        }
    }

    [Fact]
    public void Identity_survives_pkcs8()
    {
        using PeerIdentity identity = TestKeys.FreshIdentity();
        using PeerIdentity imported = PeerIdentity.Import(identity.ExportPkcs8());
        Assert.Equal(identity.PublicKey, imported.PublicKey);
        Assert.Equal(identity.Id, imported.Id);
        Assert.Equal(identity.ExportPkcs8(), imported.ExportPkcs8());
    }

    [Fact]
    public void Identity_of_another_curve_or_algorithm_is_refused()
    {
        using ECDiffieHellman otherCurve = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => PeerIdentity.Import(otherCurve.ExportPkcs8PrivateKey()));
        using RSA rsa = RSA.Create(2048);
        Assert.Throws<ArgumentException>(() => PeerIdentity.Import(rsa.ExportPkcs8PrivateKey()));
        Assert.Throws<ArgumentException>(() => PeerIdentity.Import([]));
        using PeerIdentity identity = TestKeys.FreshIdentity();
        Assert.Throws<ArgumentException>(() => PeerIdentity.Import([.. identity.ExportPkcs8(), 0]));
    }

    [Fact]
    public void Disposed_key_pair_is_gone()
    {
        KeyPair keyPair = TestKeys.Fresh();
        Assert.True(CurvePoint.TryImport(TestKeys.Fresh().PublicKey, out CurvePoint? peer));
        keyPair.Dispose();
        Assert.Throws<ObjectDisposedException>(() => keyPair.TryAgree(peer, new byte[UInt256.Size]));
        Assert.Throws<ObjectDisposedException>(keyPair.ExportPkcs8);
    }

    [Fact]
    public void Key_pair_that_was_just_made_agrees_like_one_that_was_imported()
    {
        using ECDiffieHellman made = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = made.ExportParameters(includePrivateParameters: true);
        Assert.True(KeyPair.TryImport([.. parameters.D!, .. parameters.Q.X!, .. parameters.Q.Y!], out KeyPair? imported));
        using KeyPair owned = KeyPair.Own(made);
        Assert.Equal(imported.PublicKey, owned.PublicKey);
        Assert.True(CurvePoint.TryImport(TestKeys.Fresh().PublicKey, out CurvePoint? peer));
        (byte[] first, byte[] second) = (new byte[UInt256.Size], new byte[UInt256.Size]);
        Assert.True(owned.TryAgree(peer, first) && imported.TryAgree(peer, second));
        Assert.Equal(first, second);
        imported.Dispose();
    }

    [Fact]
    public void Key_pair_of_another_curve_is_not_owned()
    {
        using ECDiffieHellman made = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => KeyPair.Own(made));
    }

    [Fact]
    public void Text_of_a_key_pair_holds_nothing_private()
    {
        byte[] bytes = TestKeys.FreshBytes();
        using PeerIdentity identity = PeerIdentity.FromKeyPair(bytes);
        string secret = Convert.ToHexStringLower(bytes.AsSpan(0, UInt256.Size));
        Assert.DoesNotContain(secret, identity.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(secret, identity.KeyPair.ToString(), StringComparison.Ordinal);
    }

    [VectorFact(EcdhPath)]
    public void Agreement_passes_wycheproof()
    {
        using JsonDocument document = SharedVectors.Read(EcdhPath);
        int agreed = 0;
        int refused = 0;
        foreach (JsonElement group in document.RootElement.GetProperty("testGroups").EnumerateArray())
        {
            foreach (JsonElement test in group.GetProperty("tests").EnumerateArray())
            {
                if (!TryReadPoint(test.Bytes("public"), out PublicKey peer))
                {
                    continue;
                }

                bool valid = test.GetProperty("result").GetString() == "valid";
                byte[] shared = new byte[UInt256.Size];
                bool agrees = TryAgree(test.Bytes("private"), peer, shared);
                Assert.True(agrees == valid, $"test {test.GetProperty("tcId")}");
                if (valid)
                {
                    Assert.Equal(test.Bytes("shared"), shared);
                }

                agreed += agrees ? 1 : 0;
                refused += agrees ? 0 : 1;
            }
        }

        Assert.True(agreed >= 300, $"{agreed} agreed");
        Assert.True(refused >= 10, $"{refused} refused");
    }

    /// <summary>
    /// Takes the point from a SubjectPublicKeyInfo of this protocol's curve; other forms can't reach this code.
    /// </summary>
    private static bool TryReadPoint(ReadOnlySpan<byte> spki, out PublicKey key)
    {
        ReadOnlySpan<byte> prefix = Convert.FromHexString("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
        key = default;
        return spki.Length == prefix.Length + PublicKey.Size
            && spki.StartsWith(prefix)
            && PublicKey.TryRead(spki[prefix.Length..], out key);
    }

    private static bool TryAgree(byte[] vectorScalar, PublicKey peer, Span<byte> shared)
    {
        byte[] d = new byte[UInt256.Size];
        ReadOnlySpan<byte> digits = vectorScalar.AsSpan().TrimStart((byte)0);
        digits.CopyTo(d.AsSpan(d.Length - digits.Length));
        using ECDiffieHellman key = ECDiffieHellman.Create(
            new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        byte[] bytes = TestKeys.ToBytes(key.ExportParameters(includePrivateParameters: true));
        using KeyPair own = TestKeys.Import(bytes);
        if (!CurvePoint.TryImport(peer, out CurvePoint? point))
        {
            return false;
        }

        using (point)
        {
            return own.TryAgree(point, shared);
        }
    }
}
