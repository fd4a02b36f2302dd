namespace Darkbloom.Cli;

/// <summary>What the process tells whoever started it.</summary>
internal enum ExitCode
{
    /// <summary>Done, or stopped on request after everything was up.</summary>
    Success = 0,

    /// <summary>It was asked for correctly and did not work.</summary>
    Failure = 1,

    /// <summary>The command line, the environment or the configuration file is wrong.</summary>
    Usage = 2,

    /// <summary>A simulation broke one of its invariants.</summary>
    InvariantBroken = 3,

    /// <summary>Something that has to be installed is missing (EX_UNAVAILABLE of sysexits.h; the launcher uses it too).</summary>
    RequirementMissing = 69,

    /// <summary>Interrupted before it was done, as a shell reports SIGINT.</summary>
    Interrupted = 130,
}
