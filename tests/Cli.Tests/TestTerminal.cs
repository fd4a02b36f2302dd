using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using Darkbloom.Cli.Consoles;

namespace Darkbloom.Cli.Tests;

/// <summary>A terminal of strings, and a way to run a whole command line in it.</summary>
internal sealed class TestTerminal
{
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    public Dictionary<string, string> Variables { get; } = [];

    public string Input { get; init; } = "";

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    public Terminal Create() => new(
        TextWriter.Synchronized(new StringWriter(_output)), TextWriter.Synchronized(new StringWriter(_error)), new StringReader(Input), name => Variables.GetValueOrDefault(name));

    public async Task<ExitCode> RunAsync(params string[] arguments) => (ExitCode)await Program.RunAsync(arguments, Create());
}
