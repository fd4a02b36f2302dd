using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using Darkbloom.Node.Engines;
using Darkbloom.Node.Models;
using Microsoft.AspNetCore.Connections;

namespace Darkbloom.Cli;

/// <summary>Turns an exception into the sentence that a person needs: what went wrong and what to do about it.</summary>
internal static class Explanation
{
    public static string Of(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                return $"{Sentence(exception)} The port is taken: stop the other program or choose another port "
                    + "(--port of `up`, --http-bind and --bind of a role; port 0 lets the system choose).";
            }

            if (cause is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                return $"{Sentence(exception)} Ports below 1024 need a privilege: choose a higher one.";
            }

            if (cause is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
            {
                return $"{Sentence(exception)} That address is not one of this machine.";
            }
        }

        return exception switch
        {
            UnauthorizedAccessException => $"{Sentence(exception)} Check who owns the file and its mode.",
            HttpRequestException { InnerException: SocketException } =>
                $"{Sentence(exception)} Is the gateway running? (`darkbloom up` starts a whole mesh.)",
            EngineUnavailableException => $"{Sentence(exception)} `darkbloom doctor` shows what is missing.",
            InvalidModelException or InvalidDataException => Sentence(exception),
            IOException or InvalidOperationException or ArgumentException => Sentence(exception),
            _ => $"{exception.GetType().Name}: {Sentence(exception)}",
        };
    }

    private static string Sentence(Exception exception)
    {
        string text = exception.Message.ReplaceLineEndings(" ").Trim();
        return text.EndsWith('.') || text.EndsWith('!') || text.EndsWith('?') ? text : text + ".";
    }
}
