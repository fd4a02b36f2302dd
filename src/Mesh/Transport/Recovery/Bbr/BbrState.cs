namespace Darkbloom.Mesh.Transport.Recovery.Bbr;

/// <summary>The table of a flow's search for the path's rate and round trip.</summary>
/// <remarks><code>
/// Startup   -> [three rounds without a quarter more, or losses above the ceiling] -> Drain      the pipe is full
/// Drain     -> [in flight no more than rate × least RTT]   -> Down       the queue of Startup is gone
/// Down      -> [in flight fits, with headroom]             -> Cruise     the queue is empty, others find room
/// Down      -> [time to probe]                             -> Refill
/// Cruise    -> [time to probe: ProbeClock says when] -> Refill
/// Refill    -> [one round]                                 -> Up         the pipe is full again: more can only queue
/// Up        -> [three rounds without a quarter more]       -> Down       the path has no more
/// Up        -> [losses above the ceiling]                  -> Down       and the long-term bound moves there
/// any       -> [the least RTT is 5 s old]                  -> ProbeRtt   half of what fits, so that the queue empties
/// ProbeRtt  -> [200 ms and a round at that]                -> Cruise, or Startup if that was not over
/// </code></remarks>
internal enum BbrState
{
    Startup,
    Drain,
    Down,
    Cruise,
    Refill,
    Up,
    ProbeRtt,
}
