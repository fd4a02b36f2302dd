using System;
using System.Collections.Immutable;
using System.Linq;
using System.Net;
using Darkbloom.Gateway.Keys;
using Microsoft.AspNetCore.Http;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Whom the HTTP edge lets in: by API key, by the host that was asked for, by the web page that asks.</summary>
/// <remarks>
/// Without keys the server listens on loopback only, and every web page in the user's browser can reach it there. Two
/// rules keep such pages out: cross-origin reads need a configured origin (and JSON bodies a preflight), and the Host
/// header must name this machine, so that a page cannot rebind its own name to 127.0.0.1.
/// </remarks>
internal sealed class AccessPolicy(ImmutableArray<string> keys, ImmutableArray<string> corsOrigins)
{
    private readonly ApiKeyring _keyring = new(keys);

    /// <exception cref="ArgumentException">The address can be reached from other machines, and no key would protect it.</exception>
    public void CheckBind(IPEndPoint bind)
    {
        if (_keyring.IsOpen && !IPAddress.IsLoopback(bind.Address))
        {
            throw new ArgumentException(
                $"Without API keys the gateway listens on loopback only, and {bind.Address} is not loopback. Configure an API key, or bind 127.0.0.1.",
                nameof(bind));
        }
    }

    /// <summary>Returns why the request is turned away, or null.</summary>
    public ApiError? Check(HttpRequest request, ApiRoute route)
    {
        if (_keyring.IsOpen)
        {
            return IsThisMachine(request.Host.Host)
                ? null
                : new ApiError(403, "Without API keys this gateway answers requests to localhost or to an IP address only.", ApiError.InvalidRequestType, null, "host_not_allowed");
        }

        if (route is ApiRoute.Health or ApiRoute.Ready)
        {
            return null;
        }

        string key = PresentedKey(request);
        if (key.Length == 0)
        {
            return ApiError.InvalidKey(
                "You didn't provide an API key. Send it in an Authorization header: 'Authorization: Bearer YOUR_KEY', or in 'x-api-key'.");
        }

        return _keyring.Accepts(key) ? null : ApiError.InvalidKey("Incorrect API key provided.");
    }

    /// <summary>The key of OpenAI's header, or of Anthropic's; empty when there is none, or another kind of authorization.</summary>
    public static string PresentedKey(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? authorization[Scheme.Length..].Trim()
            : request.Headers["x-api-key"].ToString().Trim();
    }

    /// <summary>Lets a page of a configured origin read the response.</summary>
    /// <returns>True when the request is a preflight, which has no other answer.</returns>
    public bool ApplyCors(HttpContext context)
    {
        string origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !(corsOrigins.Contains("*") || corsOrigins.Contains(origin, StringComparer.Ordinal)))
        {
            return false;
        }

        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        if (!HttpMethods.IsOptions(context.Request.Method) || context.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            return false;
        }

        string asked = context.Request.Headers.AccessControlRequestHeaders.ToString();
        headers.AccessControlAllowMethods = "GET, POST, DELETE";
        headers.AccessControlAllowHeaders = asked.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ',' or ' ') ? asked : "";
        headers.AccessControlMaxAge = "600";
        return true;
    }

    private static bool IsThisMachine(string host) =>
        IPAddress.TryParse(host, out _)
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || host.Equals("host.docker.internal", StringComparison.OrdinalIgnoreCase);
}
