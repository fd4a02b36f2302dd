using System;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Darkbloom.Cli.Supervision;

/// <summary>What is known of a local mesh's processes; replaced whole, so that a reader needs no lock.</summary>
internal sealed class MeshBoard
{
    private readonly Lock _gate = new();
    private Version _current = new([], new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Called, outside any lock and in order, with each row that changed.</summary>
    public event Action<MeshRow>? Changed;

    /// <summary>All rows, in the order in which they were first set.</summary>
    public ImmutableArray<MeshRow> Rows => _current.Rows;

    /// <summary>Adds the row, or replaces the one of the same name.</summary>
    public void Set(MeshRow row)
    {
        Version previous;
        lock (_gate)
        {
            previous = _current;
            int index = IndexOf(previous.Rows, row.Name);
            _current = new Version(
                index < 0 ? previous.Rows.Add(row) : previous.Rows.SetItem(index, row),
                new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        Changed?.Invoke(row);
        previous.Replaced.SetResult();
    }

    /// <summary>Waits until <paramref name="condition"/> holds for the rows.</summary>
    public async Task<ImmutableArray<MeshRow>> WaitAsync(Func<ImmutableArray<MeshRow>, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Version seen = _current;
            if (condition(seen.Rows))
            {
                return seen.Rows;
            }

            await seen.Replaced.Task.WaitAsync(cancellationToken);
        }
    }

    private static int IndexOf(ImmutableArray<MeshRow> rows, string name) =>
        rows.Select((row, index) => (row, index)).FirstOrDefault(pair => pair.row.Name == name, (null!, -1)).index;

    private sealed record Version(ImmutableArray<MeshRow> Rows, TaskCompletionSource Replaced);
}
