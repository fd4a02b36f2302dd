using System;
using Darkbloom.Protocol.Packets;

namespace Darkbloom.Protocol.Tickets;

/// <summary>A ticket's outer form, section 3.3: the body as it was signed, and one entry for each signer.</summary>
/// <remarks>
/// <code>
/// [ body: bytes, [ [ key id: bytes(4), signature: bytes(64) ], ... ] ]
/// </code>
/// The body stays the very bytes that were signed: nothing is encoded again before a signature is checked.
/// </remarks>
internal readonly ref struct TicketEnvelope(ReadOnlySpan<byte> body, ReadOnlySpan<byte> signatures)
{
    internal const int SignaturesMax = 4;
    internal const int KeyIdSize = 4;

    /// <summary>One entry as it lies in <see cref="Signatures"/>: heads of array and strings have fixed lengths.</summary>
    internal const int EntrySize = 1 + 1 + KeyIdSize + 2 + TicketSignature.Size;

    /// <summary>The heads of the envelope, the body and the array of signatures.</summary>
    private const int HeadsMax = 1 + 3 + 1;

    internal ReadOnlySpan<byte> Body { get; } = body;

    internal ReadOnlySpan<byte> Signatures { get; } = signatures;

    internal int SignatureCount => Signatures.Length / EntrySize;

    internal ReadOnlySpan<byte> KeyId(int index) => Signatures.Slice((index * EntrySize) + 2, KeyIdSize);

    internal ReadOnlySpan<byte> Signature(int index) =>
        Signatures.Slice((index * EntrySize) + EntrySize - TicketSignature.Size, TicketSignature.Size);

    /// <summary>Accepts one encoding only, with key ids that ascend.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out TicketEnvelope envelope)
    {
        envelope = default;
        CborReader reader = new(source);
        if (source.Length > WireLimits.TicketBytesMax
            || !reader.TryReadArray(2, out int parts) || parts != 2
            || !reader.TryReadBytes(out ReadOnlySpan<byte> body)
            || !reader.TryReadArray(SignaturesMax, out int count) || count == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> previous = default;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadArray(2, out int fields) || fields != 2
                || !reader.TryReadBytes(KeyIdSize, out ReadOnlySpan<byte> keyId)
                || !reader.TryReadBytes(TicketSignature.Size, out _)
                || (i > 0 && previous.SequenceCompareTo(keyId) >= 0))
            {
                return false;
            }

            previous = keyId;
        }

        envelope = new TicketEnvelope(body, source[(source.Length - (count * EntrySize))..]);
        return reader.IsAtEnd;
    }

    /// <summary>An envelope with one signature.</summary>
    internal static byte[] Write(ReadOnlySpan<byte> body, ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> signature)
    {
        byte[] target = new byte[HeadsMax + body.Length + EntrySize];
        CborWriter writer = new(target);
        writer.WriteArray(2);
        writer.WriteBytes(body);
        writer.WriteArray(1);
        writer.WriteArray(2);
        writer.WriteBytes(keyId);
        writer.WriteBytes(signature);
        return target[..writer.Length];
    }
}
