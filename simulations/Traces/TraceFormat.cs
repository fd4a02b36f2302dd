namespace Darkbloom.Simulations.Traces;

/// <summary>How a recorded workload is written down; told apart by the first line.</summary>
public enum TraceFormat
{
    /// <summary>None that is known.</summary>
    Unknown,

    /// <summary>What an import writes: <see cref="FleetTrace.Header"/>.</summary>
    Darkbloom,

    /// <summary>Azure's traces of inference, 2023 and 2024: <c>TIMESTAMP,ContextTokens,GeneratedTokens</c>.</summary>
    Azure,

    /// <summary>BurstGPT: <c>Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type</c>.</summary>
    BurstGpt,

    /// <summary>Mooncake: a JSON object a line, with hashes of the prompt's blocks of 512 tokens.</summary>
    Mooncake,

    /// <summary>Vidur's processed lengths, without times: <c>num_prefill_tokens,num_decode_tokens</c> among the columns.</summary>
    Vidur,
}
