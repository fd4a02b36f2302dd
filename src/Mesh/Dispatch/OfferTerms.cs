using System;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Mesh.Dispatch;

/// <summary>What an offer says, checked: sizes and names, nothing of the prompt.</summary>
public readonly record struct OfferTerms
{
    public required UInt128 RequestId { get; init; }

    public required string Model { get; init; }

    /// <summary>Encoded size of the prompt message, at most.</summary>
    public required uint PromptBytes { get; init; }

    /// <summary>Bytes of the messages' contents, at most: text that the context has to hold. 0: it isn't said.</summary>
    public uint TextBytes { get; init; }

    /// <summary>Size of the audio file that follows the prompt; 0: none does.</summary>
    public uint AudioBytes { get; init; }

    /// <summary>For each choice; 0: as many as the context holds.</summary>
    public required uint OutputTokensMax { get; init; }

    public required uint Choices { get; init; }

    /// <summary>The gateway gives up after this; null: it doesn't say.</summary>
    public TimeSpan? FirstTokenMax { get; init; }

    public uint Attempt { get; init; }

    /// <summary>What the node must have in common with one that began the answer; empty when none did.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Slots that the node keeps for the gateway, and that this request spends.</summary>
    public ImmutableArray<ulong> Leases { get; init; } = [];

    /// <summary>Nobody waits for the answer.</summary>
    public bool IsBatch { get; init; }

    public OfferTerms()
    {
    }

    /// <summary>Reads an offer; false when it is malformed.</summary>
    public static bool TryRead(Offer? offer, out OfferTerms terms)
    {
        terms = default;
        if (offer is null
            || offer.RequestId.Length != InferenceLimits.RequestIdBytes
            || offer.Model.Length is 0 or > InferenceLimits.ModelCharsMax
            || offer.PromptBytes is 0 or > InferenceLimits.PromptBytesMax
            || offer.TextBytes > offer.PromptBytes
            || offer.AudioBytes > InferenceLimits.AudioBytesMax
            || offer.OutputTokensMax > InferenceLimits.ContextTokensMax
            || offer.Choices is 0 or > InferenceLimits.ChoicesMax
            || offer.Fingerprint.Length > InferenceLimits.FingerprintCharsMax
            || offer.Leases.Count > InferenceLimits.OfferLeasesMax)
        {
            return false;
        }

        terms = new OfferTerms
        {
            RequestId = BinaryPrimitives.ReadUInt128BigEndian(offer.RequestId.Span),
            Model = offer.Model,
            PromptBytes = offer.PromptBytes,
            TextBytes = offer.TextBytes,
            AudioBytes = offer.AudioBytes,
            OutputTokensMax = offer.OutputTokensMax,
            Choices = offer.Choices,
            FirstTokenMax = offer.FirstTokenMsMax == 0 ? null : TimeSpan.FromMilliseconds(offer.FirstTokenMsMax),
            Attempt = offer.Attempt,
            Fingerprint = offer.Fingerprint,
            Leases = [.. offer.Leases],
            IsBatch = offer.Batch,
        };
        return true;
    }

    /// <summary>The offer that goes before a prompt; false when no node could take it.</summary>
    public static bool TryOffer(GenerateRequest prompt, out OfferTerms terms)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return TryRead(
            new Offer
            {
                RequestId = prompt.RequestId,
                Model = prompt.Model,
                PromptBytes = (uint)WithoutAudio(prompt).CalculateSize(),
                TextBytes = (uint)prompt.Messages.Sum(static message => Encoding.UTF8.GetByteCount(message.Content)),
                OutputTokensMax = prompt.OutputTokensMax,
                Choices = prompt.Choices,
                AudioBytes = (uint)AudioOf(prompt).Length,
            },
            out terms);
    }

    /// <summary>What a node gets first: the prompt, which an audio file follows in parts.</summary>
    public static GenerateRequest WithoutAudio(GenerateRequest prompt)
    {
        if (AudioOf(prompt).IsEmpty)
        {
            return prompt;
        }

        GenerateRequest first = prompt.Clone();
        first.Transcription.Audio = ByteString.Empty;
        return first;
    }

    /// <summary>The audio file of a prompt; empty when it has none.</summary>
    public static ByteString AudioOf(GenerateRequest prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt.Transcription?.Audio ?? ByteString.Empty;
    }

    /// <summary>Whether a prompt is the one that was offered; its audio file comes later.</summary>
    public bool Covers(GenerateRequest prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return TryOffer(prompt, out OfferTerms actual)
            && actual.RequestId == RequestId
            && string.Equals(actual.Model, Model, StringComparison.Ordinal)
            && actual.PromptBytes <= PromptBytes
            && (TextBytes == 0 || actual.TextBytes <= TextBytes)
            && actual.OutputTokensMax == OutputTokensMax
            && actual.Choices == Choices
            && actual.AudioBytes == 0
            && (prompt.Transcription is null) == (AudioBytes == 0);
    }

    public Offer ToOffer()
    {
        byte[] requestId = new byte[InferenceLimits.RequestIdBytes];
        BinaryPrimitives.WriteUInt128BigEndian(requestId, RequestId);
        return new Offer
        {
            RequestId = UnsafeByteOperations.UnsafeWrap(requestId),
            Model = Model,
            PromptBytes = PromptBytes,
            TextBytes = TextBytes,
            AudioBytes = AudioBytes,
            OutputTokensMax = OutputTokensMax,
            Choices = Choices,
            FirstTokenMsMax = FirstTokenMax is { } wait ? (uint)Math.Clamp(wait.TotalMilliseconds, 1, uint.MaxValue) : 0,
            Attempt = Attempt,
            Fingerprint = Fingerprint,
            Leases = { Leases },
            Batch = IsBatch,
        };
    }
}
