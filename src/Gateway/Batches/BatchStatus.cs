namespace Darkbloom.Gateway.Batches;

/// <summary>How far a batch is.</summary>
/// <remarks><code>
/// Validating -> [its lines are good]     -> InProgress
/// Validating -> [a line is not]          -> Failed        nothing was asked of any node
/// InProgress -> [every line is answered] -> Finalizing
/// InProgress -> [its window is over]     -> Finalizing    lines without an answer say so in the error file
/// Finalizing -> [its files are written]  -> Completed | Expired
/// Validating, InProgress -> [cancel]     -> Cancelling
/// Cancelling -> [its files are written]  -> Cancelled
/// </code></remarks>
internal enum BatchStatus
{
    Validating,
    Failed,
    InProgress,
    Finalizing,
    Completed,
    Expired,
    Cancelling,
    Cancelled,
}
