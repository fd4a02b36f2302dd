using System;
using System.Text;
using Darkbloom.Gateway.Responses;
using Darkbloom.Tests.Support;
using Xunit;

namespace Darkbloom.Gateway.Tests.Responses;

public sealed class ResponseStoreTests
{
    private readonly ManualTime _time = new();

    private static ReadOnlySpan<byte> State => "a state"u8;

    [Fact]
    public void A_state_opens_for_its_owner_under_its_name_only()
    {
        ResponseStore store = new(_time);
        store.Put("resp_1", "one", State);
        Assert.Equal("a state", Encoding.UTF8.GetString(store.Find("resp_1", "one")!));
        Assert.Null(store.Find("resp_1", "two"));
        Assert.Null(store.Find("resp_2", "one"));
        byte[] sealedState = store.Seal.Seal("one", "resp_1", State);
        Assert.Null(store.Seal.TryOpen("one", "resp_2", sealedState));
        sealedState[^1] ^= 1;
        Assert.Null(store.Seal.TryOpen("one", "resp_1", sealedState));
        Assert.DoesNotContain("a state", Encoding.Latin1.GetString(sealedState), StringComparison.Ordinal);
    }

    [Fact]
    public void The_oldest_gives_way_to_one_too_many()
    {
        ResponseStore store = new(_time);
        for (int i = 0; i < ResponseStore.ResponsesMax; i++)
        {
            store.Put($"resp_{i}", "", []);
        }

        Assert.NotNull(store.Find("resp_0", ""));
        store.Put("resp_0", "", []);
        store.Put("one more", "", []);
        Assert.NotNull(store.Find("resp_0", ""));
        Assert.Null(store.Find("resp_1", ""));
        Assert.NotNull(store.Find("resp_2", ""));
    }

    [Fact]
    public void The_oldest_give_way_to_too_many_bytes()
    {
        ResponseStore store = new(_time);
        int part = (int)(ResponseStore.BytesMax / 4);
        byte[] state = new byte[part - 28];
        for (int i = 0; i < 4; i++)
        {
            store.Put($"resp_{i}", "", state);
        }

        Assert.NotNull(store.Find("resp_0", ""));
        store.Put("small", "", []);
        Assert.Null(store.Find("resp_0", ""));
        Assert.NotNull(store.Find("resp_1", ""));
    }

    [Fact]
    public void A_state_is_forgotten_after_its_time()
    {
        ResponseStore store = new(_time);
        store.Put("resp_1", "", State);
        _time.Advance(ResponseStore.TimeMax);
        Assert.NotNull(store.Find("resp_1", ""));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(store.Find("resp_1", ""));
    }
}
