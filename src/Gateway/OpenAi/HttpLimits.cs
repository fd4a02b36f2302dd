using System;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>How much one client may take of the HTTP edge.</summary>
internal static class HttpLimits
{
    /// <summary>The largest request body that is parsed; more is a 413.</summary>
    public const int BodyBytesMax = 8 * 1024 * 1024;

    /// <summary>A body past <see cref="BodyBytesMax"/> is still read to this size, so that its sender can read the 413.</summary>
    public const long BodyBytesDrainedMax = 64 * 1024 * 1024;

    /// <summary>The largest parsed request: what one message on a mesh stream holds, less room for its envelope.</summary>
    public const int GenerateBytesMax = (4 * 1024 * 1024) - 1024;

    /// <summary>Open connections, idle ones included; Kestrel closes what comes on top.</summary>
    public const int ConnectionsMax = 10_000;

    /// <summary>Requests in progress; one more is a 503.</summary>
    public const int RequestsMax = 1024;

    public const int HeaderBytesMax = 32 * 1024;

    public const int RequestLineBytesMax = 8 * 1024;

    /// <summary>A body or a response that moves slower than this, after a grace period, ends its connection.</summary>
    public const double BytesPerSecondMin = 240;

    /// <summary>Characters of one choice that are collected for a response that does not stream.</summary>
    public const int ReplyCharsMax = 16 * 1024 * 1024;

    public static readonly TimeSpan SlowGrace = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan HeadersTimeMax = TimeSpan.FromSeconds(15);

    public static readonly TimeSpan IdleConnectionTimeMax = TimeSpan.FromSeconds(130);

    /// <summary>A stream that says nothing for this long sends a comment, and first of all its headers.</summary>
    public static readonly TimeSpan KeepaliveInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long open requests may go on after a stop was asked for.</summary>
    public static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>After <see cref="DrainTimeMax"/>: the time to write a last event before connections are cut.</summary>
    public static readonly TimeSpan DrainGrace = TimeSpan.FromSeconds(2);
}
