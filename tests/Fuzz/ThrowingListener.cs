using System;
using System.Diagnostics;

namespace Darkbloom.Fuzz;

/// <summary>Turns a broken invariant into an exception: it then fails its seed, and not the whole soak.</summary>
internal sealed class ThrowingListener : TraceListener
{
    public override void Fail(string? message, string? detailMessage) =>
        throw new InvalidOperationException($"an invariant is broken: {message} {detailMessage}");

    public override void Write(string? message)
    {
    }

    public override void WriteLine(string? message)
    {
    }
}
