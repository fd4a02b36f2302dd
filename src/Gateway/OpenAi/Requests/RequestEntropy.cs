using System;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Darkbloom.Gateway.OpenAi.Requests;

/// <summary>The chance that enters a request at the edge; parsing itself draws none.</summary>
/// <param name="RequestId">16 bytes that name the request in the mesh.</param>
/// <param name="Seed">Used when the client sends no seed of its own.</param>
internal readonly record struct RequestEntropy(ReadOnlyMemory<byte> RequestId, ulong Seed)
{
    public static RequestEntropy Draw()
    {
        byte[] id = RandomNumberGenerator.GetBytes(16);
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        return new RequestEntropy(id, BinaryPrimitives.ReadUInt64LittleEndian(seed));
    }
}
