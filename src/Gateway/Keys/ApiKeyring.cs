using System;
using System.Collections.Immutable;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

namespace Darkbloom.Gateway.Keys;

/// <summary>The API keys that clients may present; it holds their hashes only.</summary>
internal sealed class ApiKeyring
{
    private readonly ImmutableArray<byte[]> _hashes;

    /// <exception cref="ArgumentException">A key is empty, or holds what no HTTP header can carry.</exception>
    public ApiKeyring(ImmutableArray<string> keys)
    {
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i].Length == 0 || keys[i].Any(c => c is <= ' ' or > '~'))
            {
                throw new ArgumentException($"API key {i + 1} is empty or holds a character that is not printable ASCII.", nameof(keys));
            }
        }

        _hashes = [.. keys.Select(key => SHA256.HashData(Encoding.ASCII.GetBytes(key)))];
    }

    /// <summary>No key is configured: every client is let in.</summary>
    public bool IsOpen => _hashes.IsEmpty;

    /// <summary>Compares with every key in constant time: neither a key's content nor its place shows in the time taken.</summary>
    public bool Accepts(string key)
    {
        byte[] candidate = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        bool accepted = false;
        foreach (byte[] hash in _hashes)
        {
            accepted |= CryptographicOperations.FixedTimeEquals(candidate, hash);
        }

        return accepted;
    }
}
