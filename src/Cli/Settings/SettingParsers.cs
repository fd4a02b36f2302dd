using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Darkbloom.Cli.Settings;

/// <summary>How the texts of settings become values.</summary>
internal static class SettingParsers
{
    public static bool TryText(string text, out string value)
    {
        value = text;
        return text.Length > 0;
    }

    /// <summary>Any text, also none.</summary>
    public static bool TryOptionalText(string text, out string value)
    {
        value = text;
        return true;
    }

    public static SettingParser<int> Number(int min, int max) => (string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;

    public static SettingParser<T> OneOf<T>(params (string Text, T Value)[] choices) => (string text, out T value) =>
    {
        foreach ((string candidate, T chosen) in choices)
        {
            if (string.Equals(candidate, text, StringComparison.OrdinalIgnoreCase))
            {
                value = chosen;
                return true;
            }
        }

        value = default!;
        return false;
    };

    /// <summary>Reads <c>address:port</c>; <c>localhost</c> is 127.0.0.1, an IPv6 address stands in brackets.</summary>
    /// <remarks><see cref="IPEndPoint.TryParse(string, out IPEndPoint?)"/> alone takes "8484" for the address 0.0.33.36.</remarks>
    public static bool TryEndPoint(string text, out IPEndPoint value)
    {
        value = new IPEndPoint(IPAddress.Loopback, 0);
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return false;
        }

        string host = text[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            value = new IPEndPoint(IPAddress.Loopback, port);
            return true;
        }

        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out IPAddress? address)
            || bracketed != (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            || (!bracketed && host.Split('.').Length != 4))
        {
            return false;
        }

        value = new IPEndPoint(address, port);
        return true;
    }

    /// <summary>Words that commas, spaces or line ends separate: one key a line is how people keep them in files.</summary>
    public static bool TryWords(string text, out ImmutableArray<string> value)
    {
        value = [.. text.Split([',', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)];
        return true;
    }

    public static bool TryWebAddress(string text, out Uri value)
    {
        bool isAddress = Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? parsed)
            && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps);
        value = parsed!;
        return isAddress;
    }
}
