using Darkbloom.Cli.Roles;

namespace Darkbloom.Cli.Supervision;

/// <summary>One process of a local mesh as it is shown.</summary>
/// <param name="Name">The role, numbered where there are several.</param>
/// <param name="Detail">Why it ended, in words; empty while it runs.</param>
internal sealed record MeshRow(string Name, Role Role, int Pid, RoleState State, string Address, string Model, string Detail)
{
    public bool IsAlive => State is not (RoleState.Stopped or RoleState.Failed);
}
