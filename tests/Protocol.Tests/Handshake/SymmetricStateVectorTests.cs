using System;
using System.Linq;
using System.Text;
using System.Text.Json;
using Darkbloom.Protocol.Handshake;
using Xunit;

namespace Darkbloom.Protocol.Tests.Handshake;

/// <summary>Noise's SymmetricState against vectors of two other projects; neither depends on our key agreement.</summary>
public sealed class SymmetricStateVectorTests
{
    private const string OakPath = "noise/oak-symmetricstate-kat.json";
    private const string CacophonyPath = "noise/cacophony-25519-AESGCM-SHA256.json";

    [VectorFact(OakPath)]
    public void Symmetric_state_agrees_with_oak()
    {
        using JsonDocument document = SharedVectors.Read(OakPath);
        byte[] point = document.RootElement.Bytes("point_x962");
        foreach (JsonProperty protocol in document.RootElement.GetProperty("protocols").EnumerateObject())
        {
            foreach (JsonProperty vector in protocol.Value.EnumerateObject())
            {
                using SymmetricState state = new(Encoding.ASCII.GetBytes(protocol.Name));
                CheckOak(state, vector, point);
            }
        }
    }

    [VectorFact(CacophonyPath)]
    public void Handshakes_over_25519_agree_with_cacophony()
    {
        using JsonDocument document = SharedVectors.Read(CacophonyPath);
        int checkedVectors = 0;
        foreach (JsonElement vector in document.RootElement.GetProperty("vectors").EnumerateArray())
        {
            string name = vector.GetProperty("protocol_name").GetString()!;
            if (name is "Noise_IK_25519_AESGCM_SHA256" or "Noise_IKpsk2_25519_AESGCM_SHA256")
            {
                CheckCacophonyIk(vector, name);
                checkedVectors++;
            }
        }

        Assert.Equal(2, checkedVectors);
    }

    private static void CheckOak(SymmetricState state, JsonProperty vector, byte[] point)
    {
        foreach (string step in vector.Name.Split(';'))
        {
            string argument = step.Contains('\'', StringComparison.Ordinal) ? step.Split('\'')[1] : "";
            byte[] bytes = Encoding.ASCII.GetBytes(argument);
            switch (step.Split('(')[0])
            {
                case "mixHash" when step.StartsWith("mixHash(point)", StringComparison.Ordinal):
                    state.MixHash(point);
                    break;
                case "mixHash":
                    state.MixHash(bytes);
                    break;
                case "mixKey":
                    state.MixKey(bytes);
                    break;
                case "mixKeyAndHash":
                    state.MixKeyAndHash(bytes);
                    break;
                case "encryptAndHash":
                    byte[] ciphertext = new byte[bytes.Length + CipherState.TagSize];
                    Assert.Equal(ciphertext.Length, state.EncryptAndHash(bytes, ciphertext));
                    Assert.Equal(vector.Value.Bytes("ct"), ciphertext);
                    Assert.Equal(vector.Value.Bytes("h"), state.Hash.ToArray());
                    return;
                case "split":
                    byte[] first = new byte[32];
                    byte[] second = new byte[32];
                    state.Split(first, second);
                    Assert.Equal(vector.Value.Bytes("k1"), first);
                    Assert.Equal(vector.Value.Bytes("k2"), second);
                    return;
                default:
                    Assert.Fail($"no such step: {step}");
                    return;
            }
        }

        Assert.Equal(Convert.FromHexString(vector.Value.GetString()!), state.Hash.ToArray());
    }

    /// <summary>Runs the initiator's side of IK, or IKpsk2, and compares every message that it writes or reads.</summary>
    private static void CheckCacophonyIk(JsonElement vector, string name)
    {
        bool hasPsk = vector.TryGetProperty("init_psks", out JsonElement psks);
        byte[] ownStatic = vector.Bytes("init_static");
        byte[] ownEphemeral = vector.Bytes("init_ephemeral");
        byte[] peerStatic = vector.Bytes("init_remote_static");
        JsonElement[] messages = [.. vector.GetProperty("messages").EnumerateArray()];

        using SymmetricState state = new(Encoding.ASCII.GetBytes(name));
        state.MixHash(vector.Bytes("init_prologue"));
        state.MixHash(peerStatic);

        byte[] init = messages[0].Bytes("ciphertext");
        byte[] ephemeral = X25519.PublicKey(ownEphemeral);
        Assert.Equal(init[..32], ephemeral);
        MixEphemeral(state, ephemeral, hasPsk);
        state.MixKey(X25519.Agree(ownEphemeral, peerStatic));
        Assert.Equal(init[32..80], Encrypt(state, X25519.PublicKey(ownStatic)));
        state.MixKey(X25519.Agree(ownStatic, peerStatic));
        Assert.Equal(init[80..], Encrypt(state, messages[0].Bytes("payload")));

        byte[] response = messages[1].Bytes("ciphertext");
        byte[] peerEphemeral = response[..32];
        MixEphemeral(state, peerEphemeral, hasPsk);
        state.MixKey(X25519.Agree(ownEphemeral, peerEphemeral));
        state.MixKey(X25519.Agree(ownStatic, peerEphemeral));
        if (hasPsk)
        {
            state.MixKeyAndHash(Convert.FromHexString(psks[0].GetString()!));
        }

        byte[] payload = new byte[response.Length - 48];
        Assert.True(state.TryDecryptAndHash(response.AsSpan(32), payload, out int written));
        Assert.Equal(messages[1].Bytes("payload"), payload[..written]);
        Assert.Equal(vector.Bytes("handshake_hash"), state.Hash.ToArray());
        CheckTransport(state, messages[2..]);
    }

    /// <summary>Messages after the handshake alternate between the two keys, so nonces above zero are checked too.</summary>
    private static void CheckTransport(SymmetricState state, JsonElement[] messages)
    {
        byte[][] keys = [new byte[32], new byte[32]];
        state.Split(keys[0], keys[1]);
        CipherState[] ciphers = [.. keys.Select(key =>
        {
            CipherState cipher = new();
            cipher.Initialize(key);
            return cipher;
        })];
        for (int i = 0; i < messages.Length; i++)
        {
            byte[] payload = messages[i].Bytes("payload");
            byte[] ciphertext = new byte[payload.Length + CipherState.TagSize];
            _ = ciphers[i % 2].Encrypt([], payload, ciphertext);
            Assert.Equal(messages[i].Bytes("ciphertext"), ciphertext);
        }
    }

    private static void MixEphemeral(SymmetricState state, byte[] ephemeral, bool hasPsk)
    {
        state.MixHash(ephemeral);
        if (hasPsk)
        {
            state.MixKey(ephemeral);
        }
    }

    private static byte[] Encrypt(SymmetricState state, byte[] plaintext)
    {
        byte[] target = new byte[plaintext.Length + CipherState.TagSize];
        Assert.Equal(target.Length, state.EncryptAndHash(plaintext, target));
        return target;
    }
}
