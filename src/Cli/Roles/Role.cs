namespace Darkbloom.Cli.Roles;

/// <summary>What one process does in the mesh.</summary>
internal enum Role
{
    Rendezvous,
    Node,
    Gateway,
}
