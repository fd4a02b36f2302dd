using System;
using System.Buffers;
using Darkbloom.Gateway.OpenAi.Responses;

namespace Darkbloom.Gateway.OpenAi;

/// <summary>A request that was found good: what the mesh is asked, and how the answer is told.</summary>
/// <param name="Reply">Tells it whole.</param>
/// <param name="Open">Tells it as it comes; null: the request asks for one object.</param>
internal sealed record PreparedAnswer(MeshAnswer Answer, IGenerationReply Reply, Func<IBufferWriter<byte>, IGenerationStream>? Open = null);
