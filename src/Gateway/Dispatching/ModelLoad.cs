namespace Darkbloom.Gateway.Dispatching;

/// <summary>How busy the nodes of a model are together.</summary>
/// <param name="SlotsIdle">Free slots of nodes that a session is up with.</param>
/// <param name="Queued">Requests that wait at them for a slot.</param>
internal readonly record struct ModelLoad(int SlotsIdle, int Queued);
