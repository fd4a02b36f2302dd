using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Darkbloom.Conformance.Exchanges;

/// <summary>Compares event streams: the kinds of events in their order, runs folded, and the first event of each kind by shape.</summary>
public static class EventShapes
{
    public static void Compare(string recorded, string actual, Action<string> note)
    {
        List<StreamedEvent> expected = StreamedEvent.ReadAll(recorded);
        List<StreamedEvent> found = StreamedEvent.ReadAll(actual);
        string[] expectedKinds = [.. Kinds(expected)];
        string[] foundKinds = [.. Kinds(found)];
        if (!expectedKinds.SequenceEqual(foundKinds))
        {
            note($"events {string.Join(' ', foundKinds)}, recorded {string.Join(' ', expectedKinds)}");
            return;
        }

        foreach (string kind in expectedKinds.Distinct().Where(static kind => kind != StreamedEvent.Done))
        {
            ShapeComparison.Compare(
                JsonNode.Parse(expected.First(e => e.Kind == kind).Data), JsonNode.Parse(found.First(e => e.Kind == kind).Data), $"$({kind})", note);
        }
    }

    private static IEnumerable<string> Kinds(List<StreamedEvent> events)
    {
        string last = "";
        foreach (StreamedEvent one in events)
        {
            if (one.Kind != last)
            {
                yield return one.Kind;
            }

            last = one.Kind;
        }
    }
}
