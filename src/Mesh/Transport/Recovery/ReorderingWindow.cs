using System;

namespace Darkbloom.Mesh.Transport.Recovery;

/// <summary>How long a packet may be overtaken before it counts as lost: RACK (RFC 8985) with RFC 9002's start.</summary>
/// <remarks>
/// <code>
/// In order   -> [a packet arrives after a later one] -> Reordering   the window opens to a quarter of the least RTT
/// Reordering -> [a loss was spurious]                -> Reordering   the window grows by another quarter, at most to one RTT
/// Reordering -> [16 loss episodes, none spurious]    -> Reordering   the window falls back to a quarter
/// </code>
/// While a path has shown no reordering, three later packets prove a loss at once. After that only time does: a fixed
/// count of three takes jitter for loss and collapses the rate.
/// </remarks>
internal sealed class ReorderingWindow
{
    public const int PacketThreshold = 3;
    private const int QuartersMax = 16;
    private const int EpisodesUntilNarrow = 16;

    private int _quarters = 1;
    private int _episodesLeft;
    private bool _widenedInEpisode;

    public bool HasReordering { get; private set; }

    /// <summary>A packet sent this long before one that arrived is lost.</summary>
    public TimeSpan LossDelay(RttEstimator rtt)
    {
        TimeSpan longer = RttEstimator.Max(rtt.Smoothed, rtt.Latest);
        TimeSpan window = HasReordering
            ? RttEstimator.Min(rtt.Minimum * _quarters / 4, rtt.Smoothed)
            : longer / 8;
        return longer + RttEstimator.Max(window, RttEstimator.Granularity);
    }

    public void OnReordered() => HasReordering = true;

    /// <summary>A packet that was given up arrived after all.</summary>
    public void OnSpuriousLoss()
    {
        HasReordering = true;
        _episodesLeft = EpisodesUntilNarrow;
        if (!_widenedInEpisode)
        {
            _widenedInEpisode = true;
            _quarters = Math.Min(_quarters + 1, QuartersMax);
        }
    }

    /// <summary>A round trip in which something was lost has begun.</summary>
    public void OnLossEpisode()
    {
        _widenedInEpisode = false;
        if (_episodesLeft > 0 && --_episodesLeft == 0)
        {
            _quarters = 1;
        }
    }
}
