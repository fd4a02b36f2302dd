using System;
using System.Linq;
using Darkbloom.Gateway.Dispatching;
using Darkbloom.Protocol.Schema;
using Xunit;

namespace Darkbloom.Gateway.Tests.Dispatching;

public sealed class ConversationKeysTests
{
    private readonly ConversationKeys _keys = new();

    [Fact]
    public void The_next_request_of_a_conversation_looks_up_what_the_last_one_kept()
    {
        GenerateRequest first = Conversation("hello");
        GenerateRequest second = Conversation("hello", "hi, how can I help?", "tell me more");
        UInt128 kept = ConversationKeys.Kept(first, _keys.Of(first))[0];

        Assert.Contains(kept, _keys.Of(second));
        Assert.DoesNotContain(kept, _keys.Of(Conversation("hello!", "hi, how can I help?", "tell me more")));
    }

    [Fact]
    public void What_a_client_says_belongs_together_has_one_name_for_each_model_and_gateway()
    {
        UInt128 key = Assert.Single(_keys.OfClient("tiny", "a"));
        Assert.Equal(key, Assert.Single(_keys.OfClient("tiny", "a")));
        Assert.NotEqual(key, Assert.Single(_keys.OfClient("tiny", "b")));
        Assert.NotEqual(key, Assert.Single(_keys.OfClient("other", "a")));
        Assert.NotEqual(key, Assert.Single(new ConversationKeys().OfClient("tiny", "a")));
        Assert.Empty(_keys.OfClient("tiny", ""));
    }

    [Fact]
    public void Another_model_other_tools_and_another_gateway_name_it_otherwise()
    {
        GenerateRequest request = Conversation("hello");
        UInt128 key = Assert.Single(_keys.Of(request));
        GenerateRequest other = request.Clone();
        other.Model = "other";
        GenerateRequest tools = request.Clone();
        tools.ToolsJson = "[]";

        Assert.DoesNotContain(key, _keys.Of(other).Concat(_keys.Of(tools)).Concat(new ConversationKeys().Of(request)));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 2)]
    public void Long_instructions_are_kept_for_other_conversations(int beyond, int kept)
    {
        GenerateRequest request = Conversation("", "hello");
        while (request.Messages[0].CalculateSize() < ConversationKeys.SharedBytesMin + beyond)
        {
            request.Messages[0].Content += "x";
        }

        Assert.Equal(kept, ConversationKeys.Kept(request, _keys.Of(request)).Length);
    }

    [Theory]
    [InlineData(ConversationKeys.KeysMax - 1, ConversationKeys.KeysMax - 1)]
    [InlineData(ConversationKeys.KeysMax, ConversationKeys.KeysMax)]
    [InlineData(ConversationKeys.KeysMax + 1, ConversationKeys.KeysMax)]
    public void A_long_conversation_is_looked_up_by_its_last_beginnings(int messages, int keys) =>
        Assert.Equal(keys, _keys.Of(Conversation([.. Enumerable.Repeat("word", messages)])).Distinct().Count());

    [Fact]
    public void What_is_no_conversation_has_no_name()
    {
        GenerateRequest none = Conversation();

        Assert.Empty(_keys.Of(none));
        Assert.Empty(ConversationKeys.Kept(none, []));
    }

    private static GenerateRequest Conversation(params string[] messages)
    {
        GenerateRequest request = new() { Model = "tiny" };
        request.Messages.AddRange(messages.Select(static (content, i) => new ChatMessage { Role = i % 2 == 0 ? "user" : "assistant", Content = content }));
        return request;
    }
}
