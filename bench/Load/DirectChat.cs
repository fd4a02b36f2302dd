using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Darkbloom.Node.Engines;
using Darkbloom.Protocol.Schema;
using Google.Protobuf;

namespace Darkbloom.Bench.Load;

/// <summary>The same request, given straight to an engine in this process: the baseline of everything the mesh adds.</summary>
internal sealed class DirectChat(IEngine engine)
{
    private const int RequestIdBytes = 16;

    public async Task<ChatTiming> AskAsync(string prompt, int tokensMax, CancellationToken cancellationToken)
    {
        GenerateRequest request = new()
        {
            RequestId = ByteString.CopyFrom(new byte[RequestIdBytes]),
            Model = engine.Model.Card.Id,
            Messages = { new ChatMessage { Role = "user", Content = prompt } },
            Sampling = new Sampling { Temperature = 0, TopP = 1 },
            OutputTokensMax = (uint)tokensMax,
            Choices = 1,
        };
        long start = Stopwatch.GetTimestamp();
        List<double> pieces = [];
        int tokens = 0;
        await foreach (NodeResponse response in engine.GenerateAsync(request, cancellationToken))
        {
            if (response.BodyCase == NodeResponse.BodyOneofCase.Delta && response.Delta.Content.Length > 0)
            {
                pieces.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            else if (response.BodyCase == NodeResponse.BodyOneofCase.End)
            {
                tokens = (int)response.End.Usage.CompletionTokens;
                if (response.End.Fault != InferenceFault.None)
                {
                    throw new InvalidOperationException($"The engine failed: {response.End.Fault} {response.End.Detail}");
                }
            }
        }

        return new ChatTiming(pieces, tokens);
    }
}
