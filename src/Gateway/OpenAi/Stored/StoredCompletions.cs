using System;
using System.Collections.Generic;
using System.Linq;
using Darkbloom.Gateway.OpenAi.Responses;
using Darkbloom.Gateway.Responses;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Gateway.OpenAi.Stored;

/// <summary>The completions that one client asked to be kept.</summary>
/// <param name="owner">The API key that the client presented, or empty.</param>
internal sealed class StoredCompletions(ResponseStore store, string owner)
{
    public StoredCompletion? Find(string id) => store.Find(id, owner) is { } state ? new StoredCompletion(state) : null;

    /// <summary>All of them, the oldest first.</summary>
    public IReadOnlyList<StoredCompletion> List() =>
    [
        .. store.List(owner).Select(static state => new StoredCompletion(state))
            .OrderBy(static kept => kept.Created).ThenBy(static kept => kept.Id, StringComparer.Ordinal),
    ];

    public bool TryRemove(string id) => store.TryRemove(id, owner);

    public void Put(string id, ReadOnlyMemory<byte> state) => store.Put(id, owner, state.Span);

    /// <summary>The answer, which is kept once it is whole and before the client sees its end.</summary>
    /// <param name="reply">Collects what is kept, whatever form the client asked for.</param>
    /// <param name="state">What is kept of it.</param>
    public PreparedAnswer Keep(PreparedAnswer prepared, ChatReply reply, string id, Func<GenerationEnd, ReadOnlyMemory<byte>> state)
    {
        void Keep(GenerationEnd end) => Put(id, state(end));
        return prepared with
        {
            Reply = new KeptReply(reply, Keep),
            Open = prepared.Open is { } open ? output => new KeptStream(open(output), reply, Keep) : null,
        };
    }
}
