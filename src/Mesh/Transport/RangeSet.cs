using System;
using System.Diagnostics;

namespace Darkbloom.Mesh.Transport;

/// <summary>Numbers from Start up to, but without, End.</summary>
internal readonly record struct NumberRange(ulong Start, ulong End)
{
    public ulong Length => End - Start;
}

/// <summary>A set of 64-bit numbers as sorted runs that neither overlap nor touch: packets received, bytes lost.</summary>
/// <remarks>Grows by doubling and never shrinks, so it allocates nothing in a steady state; the owner bounds the runs.</remarks>
internal sealed class RangeSet
{
    private NumberRange[] _runs = new NumberRange[4];

    public int Count { get; private set; }

    public bool IsEmpty => Count == 0;

    /// <summary>The run at a position in ascending order.</summary>
    public NumberRange this[int index] => _runs.AsSpan(0, Count)[index];

    public bool Contains(ulong number)
    {
        int index = FirstEndingAbove(number);
        return index < Count && _runs[index].Start <= number;
    }

    /// <summary>Whether a run overlaps a present one or lies next to one, so that adding it makes no further run.</summary>
    public bool Touches(ulong start, ulong end)
    {
        int first = start == 0 ? 0 : FirstEndingAbove(start - 1);
        return first < Count && _runs[first].Start <= end;
    }

    /// <summary>Adds a run and returns how many of its numbers are new.</summary>
    public ulong Add(ulong start, ulong end)
    {
        Debug.Assert(start <= end, "A run has no negative length.");
        if (start == end)
        {
            return 0;
        }
        int first = start == 0 ? 0 : FirstEndingAbove(start - 1);
        int last = first;
        ulong added = end - start;
        ulong mergedStart = start;
        ulong mergedEnd = end;
        while (last < Count && _runs[last].Start <= end)
        {
            NumberRange run = _runs[last];
            ulong overlapStart = Math.Max(run.Start, start);
            ulong overlapEnd = Math.Min(run.End, end);
            added -= overlapEnd > overlapStart ? overlapEnd - overlapStart : 0;
            mergedStart = Math.Min(mergedStart, run.Start);
            mergedEnd = Math.Max(mergedEnd, run.End);
            last++;
        }
        Replace(first, last, new NumberRange(mergedStart, mergedEnd));
        AssertInvariants();
        return added;
    }

    /// <summary>Takes a run out, splitting what it cuts through.</summary>
    public void Remove(ulong start, ulong end)
    {
        int index = start < end ? FirstEndingAbove(start) : Count;
        while (index < Count && _runs[index].Start < end)
        {
            NumberRange run = _runs[index];
            if (run.Start < start && run.End > end)
            {
                _runs[index] = new NumberRange(run.Start, start);
                Insert(index + 1, new NumberRange(end, run.End));
                break;
            }
            if (run.Start < start)
            {
                _runs[index++] = new NumberRange(run.Start, start);
            }
            else if (run.End > end)
            {
                _runs[index] = new NumberRange(end, run.End);
                break;
            }
            else
            {
                RemoveAt(index);
            }
        }
        AssertInvariants();
    }

    public void RemoveAt(int index)
    {
        Array.Copy(_runs, index + 1, _runs, index, Count - index - 1);
        Count--;
    }

    public void Clear() => Count = 0;

    private void Replace(int first, int last, NumberRange run)
    {
        if (first == last)
        {
            Insert(first, run);
            return;
        }
        _runs[first] = run;
        int surplus = last - first - 1;
        if (surplus > 0)
        {
            Array.Copy(_runs, last, _runs, first + 1, Count - last);
            Count -= surplus;
        }
    }

    private void Insert(int index, NumberRange run)
    {
        if (Count == _runs.Length)
        {
            Array.Resize(ref _runs, Count * 2);
        }
        Array.Copy(_runs, index, _runs, index + 1, Count - index);
        _runs[index] = run;
        Count++;
    }

    private int FirstEndingAbove(ulong number)
    {
        // The newest packets and bytes sit in the last run: look there before searching.
        if (Count > 0 && _runs[Count - 1].Start <= number)
        {
            return _runs[Count - 1].End > number ? Count - 1 : Count;
        }
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_runs[middle].End > number)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        return low;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        for (int i = 0; i < Count; i++)
        {
            Debug.Assert(_runs[i].Start < _runs[i].End, "No run is empty.");
            Debug.Assert(i == 0 || _runs[i - 1].End < _runs[i].Start, "Runs are sorted and have gaps between them.");
        }
    }
}
