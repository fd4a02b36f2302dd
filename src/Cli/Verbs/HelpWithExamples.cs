using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.IO;
using System.Linq;

namespace Darkbloom.Cli.Verbs;

/// <summary>The library's help text, then examples.</summary>
/// <param name="standard">The library's own.</param>
/// <param name="answersMistakes">Whether it also runs on a line that does not parse, as <c>--help</c> does.</param>
internal sealed class HelpWithExamples(HelpAction standard, bool answersMistakes) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => answersMistakes;

    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        IEnumerable<Example> examples = command is Verb verb
            ? verb.Examples
            : command.Subcommands.OfType<Verb>().SelectMany(subcommand => subcommand.Examples.Take(1));
        TextWriter output = parseResult.InvocationConfiguration.Output;
        List<Example> listed = [.. examples];
        if (listed.Count == 0)
        {
            return code;
        }

        int width = listed.Max(example => example.CommandLine.Length);
        output.WriteLine("Examples:");
        foreach (Example example in listed)
        {
            output.WriteLine($"  {example.CommandLine.PadRight(width)}  {example.Purpose}");
        }

        output.WriteLine();
        return code;
    }
}
