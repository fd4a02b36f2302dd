using System;
using Microsoft.Extensions.Logging;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>Passes on what the web server itself logs from warnings upwards; its informational lines hold whole request paths.</summary>
internal sealed class WarningLoggers(ILoggerFactory target) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new WarningLogger(target.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => target.AddProvider(provider);

    public void Dispose()
    {
        // The factory belongs to whoever started the server.
    }

    private sealed class WarningLogger(ILogger target) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && target.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                target.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
