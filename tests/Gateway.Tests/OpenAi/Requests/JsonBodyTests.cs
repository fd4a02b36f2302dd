using System;
using System.Linq;
using System.Text;
using Darkbloom.Gateway.OpenAi;
using Darkbloom.Gateway.OpenAi.Requests;
using Darkbloom.Gateway.Tests.Support;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Gateway.Tests.OpenAi.Requests;

public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("", "empty_body")]
    [InlineData("   ", "invalid_json")]
    [InlineData("{", "invalid_json")]
    [InlineData("{'model':1}", "invalid_json")]
    [InlineData("{\"temperature\":NaN}", "invalid_json")]
    [InlineData("{\"temperature\":Infinity}", "invalid_json")]
    [InlineData("{} {}", "invalid_json")]
    [InlineData("{\"model\":\"a\",}", "invalid_json")]
    [InlineData("// comment\n{}", "invalid_json")]
    [InlineData("[]", "invalid_type")]
    [InlineData("null", "invalid_type")]
    [InlineData("\"text\"", "invalid_type")]
    [InlineData("{\"model\":\"\\ud800\"}", "invalid_unicode")]
    [InlineData("{\"model\":\"\\udc00\\ud800\"}", "invalid_unicode")]
    [InlineData("{\"\\ud83dx\":1}", "invalid_unicode")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}", "duplicate_key")]
    [InlineData("{\"a\":[{\"b\":1,\"\\u0062\":2}]}", "duplicate_key")]
    public void A_body_that_is_not_one_sound_object_is_refused(string body, string code)
    {
        ApiError error = Parsing.Reject(body);
        Assert.Equal(400, error.Status);
        Assert.Equal(code, error.Code);
    }

    [Fact]
    public void A_duplicate_key_is_named_by_its_path() =>
        Assert.Equal("a[1].b", Parsing.Reject("""{"a":[0,{"b":1,"b":2}]}""").Param);

    [Fact]
    public void A_malformed_body_is_located_and_never_quoted()
    {
        string message = Parsing.Reject("{\n \"model\": secret}").Message;
        Assert.Contains("line 2, byte 11", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x22, 0xC3, 0x28, 0x22 })]
    [InlineData(new byte[] { 0x22, 0xED, 0xA0, 0x80, 0x22 })]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    public void A_body_that_is_not_utf8_is_refused(byte[] body)
    {
        ApiError? error = Parsing.Parse(body, out _);
        Assert.Equal("invalid_utf8", error!.Code);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        byte[] body = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(GatewayHarness.ChatBody())];
        Assert.Null(Parsing.Parse(body, out _));
    }

    [Fact]
    public void A_surrogate_pair_is_text()
    {
        ChatRequest request = Parsing.Accept("""{"model":"m","messages":[{"role":"user","content":"\ud83d\ude00 \\ud800"}]}""");
        Assert.Equal("😀 \\ud800", request.Generate.Messages[0].Content);
    }

    [Theory]
    [InlineData(JsonBody.DepthMax - 1, false)]
    [InlineData(JsonBody.DepthMax, false)]
    [InlineData(JsonBody.DepthMax + 1, true)]
    [InlineData(100_000, true)]
    public void Nesting_is_limited(int depth, bool tooDeep)
    {
        string body = "{\"a\":" + new string('[', depth - 1) + new string(']', depth - 1) + "}";
        Assert.Equal(tooDeep ? "json_too_deep" : "unknown_parameter", Parsing.Reject(body).Code);
    }

    [Fact]
    public void A_body_cut_at_any_byte_is_refused_without_throwing()
    {
        byte[] body = Encoding.UTF8.GetBytes(FullRequest);
        Assert.Null(Parsing.Parse(body, out _));
        for (int length = 0; length < body.Length; length++)
        {
            Assert.NotNull(Parsing.Parse(body[..length], out _));
        }
    }

    [Fact]
    public void Random_bytes_and_random_edits_never_throw()
    {
        Prng prng = new(1);
        byte[] sound = Encoding.UTF8.GetBytes(FullRequest);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] body = round % 2 == 0
                ? [.. Enumerable.Range(0, prng.Next(64)).Select(_ => (byte)prng.Next(256))]
                : [.. sound];
            for (int edit = prng.Next(4); edit > 0 && body.Length > 0; edit--)
            {
                body[prng.Next(body.Length)] = (byte)"{}[]\",:0-e\\u \u0001nt"[prng.Next(16)];
            }

            Parsing.Parse(body, out _);
        }
    }

    private const string FullRequest = """
        {"model":"m","stream":true,"stream_options":{"include_usage":true},"n":2,"temperature":0.5,"seed":-1,"stop":["a","b"],
         "messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"\u00e9é"}]},
          {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
          {"role":"tool","tool_call_id":"c1","content":"r"}],
         "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
         "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
         "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"},"strict":true}}}
        """;
}
