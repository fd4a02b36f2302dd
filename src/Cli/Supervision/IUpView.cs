using System;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Supervision;

/// <summary>How a local mesh is shown: to a person who watches, to a log, or to a program.</summary>
internal interface IUpView
{
    /// <summary>Shows the start while it goes on.</summary>
    Task ShowStartAsync(MeshBoard board, Func<Task> start);

    /// <summary>Says how to reach the mesh.</summary>
    void ShowReady(MeshBoard board, UpSummary summary);

    /// <summary>Shows the processes until <paramref name="until"/> completes.</summary>
    Task ShowRunningAsync(MeshBoard board, Task until);

    /// <summary>Says that everything is being stopped.</summary>
    void ShowStopping();
}

/// <summary>How a local mesh is reached.</summary>
/// <param name="Elapsed">How long the start took.</param>
internal sealed record UpSummary(ClientLines Clients, string ConfigurationPath, TimeSpan Elapsed);
