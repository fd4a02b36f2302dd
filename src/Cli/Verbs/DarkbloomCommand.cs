using System.CommandLine;
using System.CommandLine.Help;
using Darkbloom.Cli.Consoles;

namespace Darkbloom.Cli.Verbs;

/// <summary>The whole command line.</summary>
internal static class DarkbloomCommand
{
    /// <remarks>No <see cref="RootCommand"/>: that names itself after the assembly, and people type <c>darkbloom</c>.</remarks>
    public static Command Create(Terminal terminal)
    {
        return new Command(
            "darkbloom", "Darkbloom: OpenAI-compatible inference on machines that strangers share, over an encrypted peer-to-peer mesh.")
        {
            UpVerb.Create(terminal),
            ChatVerb.Create(terminal),
            NodeVerb.Create(terminal),
            GatewayVerb.Create(terminal),
            RendezvousVerb.Create(terminal),
            ModelsVerb.Create(terminal),
            PeersVerb.Create(terminal),
            SimVerb.Create(terminal),
            DoctorVerb.Create(terminal),
            new HelpOption { Action = new HelpWithExamples(new HelpAction(), answersMistakes: true) },
            new VersionOption(),
        }.WithAction(new HelpWithExamples(new HelpAction(), answersMistakes: false));
    }

    /// <summary>Without a verb, a person wants to know which there are.</summary>
    private static Command WithAction(this Command command, HelpWithExamples action)
    {
        command.Action = action;
        return command;
    }
}
