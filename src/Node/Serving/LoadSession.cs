using System;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Mesh.Dispatch;
using Darkbloom.Mesh.Hosting;
using Darkbloom.Protocol.Schema;

namespace Darkbloom.Node.Serving;

/// <summary>Tells one gateway the node's load and the slots that are kept for it: at once, on change but not more often than it helps, and at least every few seconds.</summary>
internal static class LoadSession
{
    public static async Task ServeAsync(
        MessageStream<NodeResponse, NodeRequest> stream, AdmissionDesk desk, ServingLimits limits, TimeProvider time,
        CancellationToken cancellationToken)
    {
        // What is kept for a gateway that reads no more is of use to others at once, not when it is next told something.
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancelOnFault watch = new(stream.Stream.WritesClosed, gone);
        LeaseInbox inbox = desk.Subscribe(stream.Stream.Connection.RemoteId);
        try
        {
            await ServeAsync(stream, desk, inbox, limits, time, gone.Token);
        }
        finally
        {
            desk.Unsubscribe(inbox);
        }
    }

    private static async Task ServeAsync(
        MessageStream<NodeResponse, NodeRequest> stream, AdmissionDesk desk, LeaseInbox inbox, ServingLimits limits, TimeProvider time,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            LoadReport report = desk.Report(out ulong version);
            await stream.WriteAsync(new NodeResponse { Load = report }, cancellationToken);

            while (desk.TakeLease(inbox) is { } lease)
            {
                await stream.WriteAsync(new NodeResponse { Lease = lease }, cancellationToken);
            }

            // A burst of changes becomes one report, which says what holds after it.
            await Task.Delay(limits.ReportMin, time, cancellationToken);
            try
            {
                await desk.WhenChangedAsync(version)
                    .WaitAsync(TimeSpan.FromMilliseconds(InferenceLimits.LoadReportMsMax) - limits.ReportMin, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                continue;
            }
        }
    }
}
