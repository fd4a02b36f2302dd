namespace Darkbloom.Cli.Roles;

/// <summary>How far a role's process is.</summary>
/// <remarks><code>
/// Starting -> [settings are good]      -> Loading   a node only: the model takes longest
/// Starting -> [it listens]             -> Joining   peers that need a ticket first
/// Loading  -> [it listens]             -> Joining
/// Starting -> [it listens]             -> Ready     the rendezvous needs nobody
/// Joining  -> [the mesh took it in]    -> Ready
/// any      -> [asked to stop]          -> Stopped
/// any      -> [an error ended it]      -> Failed
/// </code></remarks>
internal enum RoleState
{
    Starting,
    Loading,
    Joining,
    Ready,
    Stopped,
    Failed,
}
