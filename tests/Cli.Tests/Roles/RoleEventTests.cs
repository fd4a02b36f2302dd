using System;
using Darkbloom.Cli.Roles;
using Xunit;

namespace Darkbloom.Cli.Tests.Roles;

public sealed class RoleEventTests
{
    private static readonly RoleEvent Ready = new()
    {
        Event = RoleState.Ready,
        Role = Role.Node,
        Pid = 42,
        Address = "127.0.0.1:7401",
        Id = "0011aabb",
        Model = "darkbloom-tiny",
    };

    [Fact]
    public void The_line_is_what_supervisors_read() => Assert.Equal(
        """{"event":"ready","role":"node","pid":42,"address":"127.0.0.1:7401","id":"0011aabb","model":"darkbloom-tiny"}""",
        Ready.ToLine());

    [Fact]
    public void A_line_is_one_line_whatever_the_detail_holds() =>
        Assert.DoesNotContain('\n', (Ready with { Detail = "first\nsecond" }).ToLine());

    [Fact]
    public void A_line_reads_back()
    {
        Assert.True(RoleEvent.TryParse(Ready.ToLine(), out RoleEvent? parsed));
        Assert.Equal(Ready, parsed);
    }

    [Fact]
    public void A_line_cut_short_is_no_event()
    {
        string line = Ready.ToLine();
        for (int length = 0; length < line.Length; length++)
        {
            Assert.False(RoleEvent.TryParse(line[..length], out _));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("warn: something")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"event":"exploded","role":"node","pid":1}""")]
    [InlineData("""{"event":"ready","role":"node","pid":"x"}""")]
    public void Other_lines_are_no_events(string line) => Assert.False(RoleEvent.TryParse(line, out _));

    [Fact]
    public void Random_text_never_throws()
    {
        Random random = new(20261122);
        for (int round = 0; round < 2000; round++)
        {
            char[] text = new char[random.Next(60)];
            for (int index = 0; index < text.Length; index++)
            {
                text[index] = "{}[]\":,eventrolpid019 \\u\0"[random.Next(25)];
            }

            _ = RoleEvent.TryParse("{" + new string(text), out _);
        }
    }
}
