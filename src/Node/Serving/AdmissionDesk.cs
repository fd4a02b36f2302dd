using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Identity;
using Darkbloom.Protocol.Primitives;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Serving;

/// <summary>Drives the node's <see cref="Admission"/>: one lock, one timer, and a task for each request that waits.</summary>
internal sealed class AdmissionDesk : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Admission _admission;
    private readonly Func<EngineSpeed> _speed;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    /// <summary>Requests that had to wait, until they are released: whoever asks late still learns how the wait ended.</summary>
    private readonly Dictionary<long, TaskCompletionSource<bool>> _waiting = [];

    /// <summary>Who is told of leases: of each gateway, its newest load stream.</summary>
    private readonly Dictionary<PeerId, LeaseInbox> _inboxes = [];
    private TaskCompletionSource _changed = NewSignal();
    private TaskCompletionSource? _idle;

    /// <summary>When the engine last gave anybody anything.</summary>
    private long _engineSpokeAt;

    public AdmissionDesk(AdmissionPolicy policy, Func<EngineSpeed> speed, TimeProvider time)
    {
        (_admission, _speed, _time) = (new Admission(policy), speed, time);
        _timer = time.CreateTimer(
            static desk => ((AdmissionDesk)desk!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Decides on an offer; the report is the load right after the decision.</summary>
    public (AdmissionDecision Decision, LoadReport Load) Decide(in OfferTerms offer, PeerId gateway)
    {
        lock (_gate)
        {
            AdmissionDecision decision = _admission.OnOffer(_time.GetInstant(), offer, gateway);
            if (decision.Verdict == AdmissionVerdict.Queue)
            {
                _waiting[decision.Reservation] = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            OnChanged();
            return (decision, ReportCore());
        }
    }

    /// <summary>A load stream of the gateway is there to be told of leases.</summary>
    public LeaseInbox Subscribe(PeerId gateway)
    {
        lock (_gate)
        {
            _admission.OnSubscribed(gateway);
            return _inboxes[gateway] = new LeaseInbox(gateway);
        }
    }

    /// <summary>The load stream is over.</summary>
    public void Unsubscribe(LeaseInbox inbox)
    {
        lock (_gate)
        {
            if (_inboxes.GetValueOrDefault(inbox.Gateway) == inbox)
            {
                _ = _inboxes.Remove(inbox.Gateway);
                _admission.OnUnsubscribed(_time.GetInstant(), inbox.Gateway);
                OnChanged();
            }
        }
    }

    /// <summary>A lease that the gateway wasn't told of yet and that isn't over; null when there is none.</summary>
    public SlotLease? TakeLease(LeaseInbox inbox)
    {
        lock (_gate)
        {
            return inbox.Take(_time.GetInstant());
        }
    }

    /// <summary>True once the request has its slots, false if it lost its place in the queue.</summary>
    public Task<bool> WaitAsync(long reservation)
    {
        lock (_gate)
        {
            return _waiting.TryGetValue(reservation, out TaskCompletionSource<bool>? waiting)
                ? waiting.Task
                : Task.FromResult(true);
        }
    }

    public void Release(long reservation)
    {
        lock (_gate)
        {
            _ = _waiting.Remove(reservation);
            _admission.OnReleased(_time.GetInstant(), reservation);
            OnChanged();
        }
    }

    public void SetState(ServingState state)
    {
        lock (_gate)
        {
            _admission.OnState(_time.GetInstant(), state);
            OnChanged();
        }
    }

    /// <summary>Completes when no request runs or waits.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            if (_admission.Reserved == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= NewSignal();
            return _idle.Task;
        }
    }

    public LoadReport Report(out ulong version)
    {
        lock (_gate)
        {
            version = _admission.Version;
            return ReportCore();
        }
    }

    /// <summary>Completes when the load differs from the one of that version.</summary>
    public Task WhenChangedAsync(ulong version)
    {
        lock (_gate)
        {
            return version == _admission.Version ? _changed.Task : Task.CompletedTask;
        }
    }

    /// <summary>The engine gave some request something: it lives.</summary>
    public void OnEngineSpoke() => Volatile.Write(ref _engineSpokeAt, _time.GetInstant().Nanoseconds);

    public bool HasEngineSpokenSince(Instant instant) => Volatile.Read(ref _engineSpokeAt) > instant.Nanoseconds;

    public void Dispose() => _timer.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LoadReport ReportCore()
    {
        EngineSpeed speed = _speed();
        _admission.OnSpeed(speed.PrefillTokensPerSecond, speed.DecodeTokensPerSecond);
        return _admission.Report().ToReport();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            _admission.OnTimeout(_time.GetInstant());
            OnChanged();
        }
    }

    private void OnChanged()
    {
        while (_admission.TryTakeChange(out AdmissionChange change))
        {
            if (_waiting.TryGetValue(change.Reservation, out TaskCompletionSource<bool>? waiting))
            {
                _ = waiting.TrySetResult(change.Kind == AdmissionChangeKind.Granted);
            }
        }

        while (_admission.TryTakeGrant(out LeaseGrant grant))
        {
            _inboxes.GetValueOrDefault(grant.Gateway)?.Add(grant, _time.GetInstant());
        }

        if (_idle is not null && _admission.Reserved == 0)
        {
            _ = _idle.TrySetResult();
            _idle = null;
        }

        _ = _changed.TrySetResult();
        _changed = NewSignal();
        TimeSpan due = _admission.NextTimeout is { } next ? next - _time.GetInstant() : Timeout.InfiniteTimeSpan;
        _ = _timer.Change(due < TimeSpan.Zero && due != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
    }
}
