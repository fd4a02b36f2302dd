using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Gateway.Dispatching;

/// <summary>Names the beginnings of a conversation, so that its next request finds the node that has them in its cache.</summary>
/// <remarks>Under a secret of this process: a name says nothing of the text, not even whether two gateways saw the same.</remarks>
internal sealed class ConversationKeys
{
    /// <summary>Beginnings of one request that are looked up: an answer and a question are two messages.</summary>
    public const int KeysMax = 8;

    /// <summary>Instructions that are worth finding a node for even in a new conversation.</summary>
    public const int SharedBytesMin = 2048;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);

    /// <summary>The longest beginning first; empty when there is none to remember.</summary>
    public UInt128[] Of(GenerateRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Messages.Count == 0)
        {
            return [];
        }

        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        hash.AppendData(Encoding.UTF8.GetBytes(request.Model + '\n' + request.ToolsJson));
        List<UInt128> keys = [];
        for (int i = 0; i < request.Messages.Count; i++)
        {
            byte[] message = request.Messages[i].ToByteArray();
            hash.AppendData(message);
            if (i >= request.Messages.Count - KeysMax || (i == 0 && message.Length >= SharedBytesMin))
            {
                keys.Insert(0, BinaryPrimitives.ReadUInt128BigEndian(hash.GetCurrentHash()));
            }
        }

        return [.. keys];
    }

    /// <summary>The name of what a client says belongs together; empty when it says nothing.</summary>
    public UInt128[] OfClient(string model, string cacheKey) => cacheKey.Length == 0
        ? []
        : [BinaryPrimitives.ReadUInt128BigEndian(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"client's key\n{model}\n{cacheKey}")))];

    /// <summary>Of the keys of a request those that a node has in its cache from then on and others may begin with.</summary>
    public static UInt128[] Kept(GenerateRequest request, UInt128[] keys) =>
        keys.Length < 2 ? keys
        : request.Messages[0].CalculateSize() >= SharedBytesMin ? [keys[0], keys[^1]]
        : [keys[0]];
}
