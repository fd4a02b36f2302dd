using System;
using Darkbloom.Protocol.Primitives;

namespace Darkbloom.Mesh.Hosting;

/// <summary>The wall clock, by which tickets are dated; nothing else in a peer depends on it.</summary>
internal static class SystemClock
{
    public static UnixTime Now => new(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
}
