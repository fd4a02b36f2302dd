using System;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Settings;
using Darkbloom.Cli.Verbs;

namespace Darkbloom.Cli;

/// <summary>The entry point: one command, <c>darkbloom</c>, with one verb for each thing a person wants.</summary>
internal static class Program
{
    public static Task<int> Main(string[] arguments) => RunAsync(arguments, Terminal.ForProcess());

    /// <summary>Runs one command line; every failure ends as a sentence on the error stream and an <see cref="ExitCode"/>.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal)
    {
        ParseResult parsed = DarkbloomCommand.Create(terminal).Parse(arguments);
        InvocationConfiguration invocation = new()
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            // Each verb decides what an interrupt means in its phase; the library would end it after two seconds.
            ProcessTerminationTimeout = null,
        };
        if (parsed.Action is ParseErrorAction mistake)
        {
            // A page of help would push the one line that says what is wrong off the screen.
            mistake.ShowHelp = false;
        }

        try
        {
            int code = await parsed.InvokeAsync(invocation, CancellationToken.None);
            return parsed.Errors.Count > 0 ? (int)ExitCode.Usage : code;
        }
        catch (SettingException exception)
        {
            foreach (string problem in exception.Problems)
            {
                await terminal.Error.WriteLineAsync($"darkbloom: {problem}");
            }

            return (int)ExitCode.Usage;
        }
        catch (OperationCanceledException)
        {
            return (int)ExitCode.Interrupted;
        }
#pragma warning disable CA1031 // The last line of defence: a person gets a sentence, not a stack trace.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await terminal.Error.WriteLineAsync($"darkbloom: {Explanation.Of(exception)}");
            return (int)ExitCode.Failure;
        }
    }
}
