using System;
using System.Collections.Generic;
using Darkbloom.Mesh.Transport;
using Darkbloom.Protocol.Primitives;
using Xunit;

namespace Darkbloom.Mesh.Tests.Transport;

public sealed class RangeSetTests
{
    [Fact]
    public void Agrees_with_a_plain_set_whatever_is_added_and_removed()
    {
        Prng prng = new(1);
        for (int round = 0; round < 200; round++)
        {
            RangeSet set = new();
            bool[] model = new bool[100];
            for (int step = 0; step < 60; step++)
            {
                int start = prng.Next(model.Length);
                int end = start + prng.Next(model.Length - start + 1);
                bool adds = prng.Next(3) != 0;
                int fresh = 0;
                for (int i = start; i < end; i++)
                {
                    fresh += model[i] ? 0 : 1;
                    model[i] = adds;
                }
                if (adds)
                {
                    Assert.Equal((ulong)fresh, set.Add((ulong)start, (ulong)end));
                }
                else
                {
                    set.Remove((ulong)start, (ulong)end);
                }
                AssertSame(model, set);
            }
        }
    }

    [Fact]
    public void Runs_that_touch_become_one()
    {
        RangeSet set = new();
        _ = set.Add(5, 6);
        _ = set.Add(7, 8);
        Assert.Equal(2, set.Count);
        _ = set.Add(6, 7);
        Assert.Equal(1, set.Count);
        Assert.Equal(new NumberRange(5, 8), set[0]);
    }

    [Fact]
    public void Reading_beyond_the_runs_is_a_fault()
    {
        RangeSet set = new();
        _ = set.Add(1, 2);
        set.Clear();
        Assert.True(set.IsEmpty);
        Assert.Throws<IndexOutOfRangeException>(() => set[0]);
    }

    private static void AssertSame(bool[] model, RangeSet set)
    {
        List<NumberRange> expected = [];
        for (int i = 0; i < model.Length; i++)
        {
            Assert.Equal(model[i], set.Contains((ulong)i));
            if (model[i] && (i == 0 || !model[i - 1]))
            {
                expected.Add(new NumberRange((ulong)i, (ulong)i + 1));
            }
            else if (model[i])
            {
                expected[^1] = new NumberRange(expected[^1].Start, (ulong)i + 1);
            }
        }
        Assert.Equal(expected.Count, set.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i], set[i]);
        }
    }
}
