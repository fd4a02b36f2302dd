using System;
using System.Numerics;

namespace Darkbloom.Node.Engines.Audio;

/// <summary>Reads bits, the highest of a byte first; behind the end there are zeros, and <see cref="HasFailed"/> says so.</summary>
internal ref struct FlacBits(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private ulong _window;
    private int _windowBits;
    private int _next;
    private bool _hasFailed;

    /// <summary>More was read than there is, or than can be.</summary>
    public readonly bool HasFailed => _hasFailed;

    /// <summary>Whole bytes, once <see cref="Align"/> was called.</summary>
    public readonly int BytesRead => _next - (_windowBits / 8);

    /// <summary>Reads up to 32 bits.</summary>
    public uint Read(int count)
    {
        if (count == 0)
        {
            return 0;
        }

        Fill();
        if (count > _windowBits)
        {
            (_hasFailed, _windowBits, _window) = (true, 0, 0);
            return 0;
        }

        uint value = (uint)(_window >> (64 - count));
        _window <<= count;
        _windowBits -= count;
        return value;
    }

    /// <summary>Reads up to 33 bits as a number with a sign.</summary>
    public long ReadSigned(int count)
    {
        if (count <= 32)
        {
            return ((long)Read(count) << (64 - count)) >> (64 - count);
        }

        long high = ReadSigned(count - 32);
        return (high << 32) | Read(32);
    }

    /// <summary>Counts zeros up to the next one, which is read too.</summary>
    public uint ReadUnary()
    {
        uint zeros = 0;
        while (true)
        {
            Fill();
            if (_windowBits == 0)
            {
                _hasFailed = true;
                return 0;
            }

            int leading = Math.Min(BitOperations.LeadingZeroCount(_window), _windowBits);
            zeros += (uint)leading;
            if (leading < _windowBits)
            {
                _ = Read(leading + 1 <= 32 ? leading + 1 : 32);
                if (leading + 1 > 32)
                {
                    _ = Read(leading + 1 - 32);
                }

                return zeros;
            }

            (_window, _windowBits) = (0, 0);
        }
    }

    /// <summary>Skips a number in the form of UTF-8, of up to seven bytes.</summary>
    public void SkipCodedNumber()
    {
        int ones = BitOperations.LeadingZeroCount(~(Read(8) << 24));
        for (int i = 1; i < ones && i < 7; i++)
        {
            _ = Read(8);
        }
    }

    public void Align()
    {
        int rest = _windowBits % 8;
        _window <<= rest;
        _windowBits -= rest;
    }

    private void Fill()
    {
        while (_windowBits <= 56 && _next < _bytes.Length)
        {
            _window |= (ulong)_bytes[_next++] << (56 - _windowBits);
            _windowBits += 8;
        }
    }
}
