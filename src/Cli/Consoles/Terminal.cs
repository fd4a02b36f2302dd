using System;
using System.IO;
using System.Text;
using Spectre.Console;

namespace Darkbloom.Cli.Consoles;

/// <summary>The outside as a verb sees it: three streams and the environment.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, TextReader input, Func<string, string?> variable)
{
    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    public TextReader In { get; } = input;

    /// <summary>An environment variable's value; null when it is unset or empty.</summary>
    public string? Variable(string name) => variable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Whether a person watches the output stream.</summary>
    public bool IsOutInteractive { get; private init; }

    /// <summary>Whether a person watches the error stream.</summary>
    public bool IsErrorInteractive { get; private init; }

    /// <summary>Whether a person types the input.</summary>
    public bool IsInInteractive { get; private init; }

    /// <summary>Colours are for terminals whose owner did not say no (https://no-color.org).</summary>
    public bool WantsColour => Variable("NO_COLOR") is null && Variable("TERM") != "dumb";

    /// <summary>The streams of this process.</summary>
    public static Terminal ForProcess()
    {
        if (Console.IsOutputRedirected)
        {
            // What is piped is data: no byte order mark, and flushed line by line for whoever reads along.
            Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true });
        }

        return new Terminal(Console.Out, Console.Error, Console.In, Environment.GetEnvironmentVariable)
        {
            IsOutInteractive = !Console.IsOutputRedirected,
            IsErrorInteractive = !Console.IsErrorRedirected,
            IsInInteractive = !Console.IsInputRedirected,
        };
    }

    /// <summary>Draws tables on the output stream: with colours for a person, plain for a pipe.</summary>
    public IAnsiConsole OutConsole() => Draw(Out, IsOutInteractive);

    /// <summary>Draws progress on the error stream.</summary>
    public IAnsiConsole ErrorConsole() => Draw(Error, IsErrorInteractive);

    private IAnsiConsole Draw(TextWriter writer, bool interactive)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = interactive && Variable("TERM") != "dumb" ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive && WantsColour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!interactive)
        {
            // A pipe has no width: nothing may be folded or cut for it.
            console.Profile.Width = PipeColumns;
        }

        return console;
    }

    private const int PipeColumns = 400;
}
