using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Darkbloom.Gateway.OpenAi;

namespace Darkbloom.Gateway.Responses;

/// <summary>The responses that one client may go on from.</summary>
/// <param name="owner">The API key that the client presented, or empty.</param>
internal sealed class KeptResponses(ResponseStore store, string owner)
{
    /// <summary>For an item that is named while its response was already read.</summary>
    private readonly Dictionary<string, KeptResponse> _read = [];

    public KeptResponse? Find(string id)
    {
        if (_read.TryGetValue(id, out KeptResponse? known))
        {
            return known;
        }

        if (store.Find(id, owner) is not { } state)
        {
            return null;
        }

        KeptResponse kept = new(state);
        _read.Add(id, kept);
        return kept;
    }

    /// <summary>The JSON of an item of some response, or null.</summary>
    public string? FindItem(string itemId) => ResponseIds.ResponseOf(itemId) is { } id ? Find(id)?.FindItem(itemId) : null;

    public bool TryRemove(string id) => store.TryRemove(id, owner);

    /// <summary>Keeps the response as it stands now.</summary>
    public void Keep(ResponseObject response)
    {
        ArrayBufferWriter<byte> state = new();
        using (Utf8JsonWriter json = new(state, ApiResponses.WriterOptions))
        {
            KeptResponse.Write(json, response);
        }

        store.Put(response.Id, owner, state.WrittenSpan);
        _read.Remove(response.Id);
    }

    /// <summary>A text that only this client and this gateway together can read again.</summary>
    public byte[] Seal(string name, System.ReadOnlySpan<byte> text) => store.Seal.Seal(owner, name, text);
}
