using System.Collections.Immutable;
using System.Globalization;
using Darkbloom.Cli.Consoles;
using Darkbloom.Cli.Roles;
using Spectre.Console;

namespace Darkbloom.Cli.Supervision;

/// <summary>The processes of a local mesh as a table.</summary>
internal static class MeshTable
{
    public static Table Create(ImmutableArray<MeshRow> rows)
    {
        Table table = Tables.Create("role", "pid", "address", "model", "state");
        foreach (MeshRow row in rows)
        {
            table.AddRow(
                new Text(row.Name),
                new Text(row.Pid == 0 ? "-" : row.Pid.ToString(CultureInfo.InvariantCulture)),
                new Text(row.Address.Length == 0 ? "-" : row.Address),
                new Text(row.Model.Length == 0 ? "-" : row.Model),
                new Text(State(row), Colour(row.State)));
        }

        return table;
    }

    public static string Word(RoleState state) => state switch
    {
        RoleState.Starting => "starting",
        RoleState.Loading => "loading",
        RoleState.Joining => "joining",
        RoleState.Ready => "ready",
        RoleState.Stopped => "stopped",
        _ => "failed",
    };

    private static string State(MeshRow row) => row.Detail.Length == 0 ? Word(row.State) : $"{Word(row.State)}: {row.Detail}";

    private static Style Colour(RoleState state) => state switch
    {
        RoleState.Ready => new Style(Color.Green),
        RoleState.Failed => new Style(Color.Red),
        RoleState.Stopped => new Style(Color.Grey),
        _ => new Style(Color.Yellow),
    };
}
