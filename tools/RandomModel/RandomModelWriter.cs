using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;

namespace Darkbloom.RandomModel;

/// <summary>Writes a model whose answers mean nothing and whose cost is a real model's.</summary>
/// <remarks>Equal arguments give equal files. A file that couldn't be finished is deleted.</remarks>
public static class RandomModelWriter
{
    private const int Alignment = 32;
    private const int BlockElements = 32;
    private const ulong Seed = 1;

    private const string ChatTemplate =
        "{% if tools %}{{'<|tools|>' + (tools | tojson) + '\n'}}{% endif %}"
        + "{% for message in messages %}{{'<|' + message.role + '|>'}}{% if message.tool_calls %}"
        + "{% for call in message.tool_calls %}{{call.function.name + ' ' + (call.function.arguments | tojson)}}{% endfor %}"
        + "{% else %}{{message.content}}{% endif %}{{'\n'}}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    public static void Write(string path, RandomModelShape shape, TensorType type)
    {
        ArgumentNullException.ThrowIfNull(shape);
        try
        {
            using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
            using BinaryWriter writer = new(file);
            List<Tensor> tensors = Tensors(shape, type);
            WriteHeader(writer, shape, tensors);
            ulong random = Seed;
            foreach (Tensor tensor in tensors)
            {
                Pad(writer);
                WriteWeights(writer, tensor, ref random);
            }

            Pad(writer);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private static List<Tensor> Tensors(RandomModelShape shape, TensorType type)
    {
        int width = shape.Width;
        int keyWidth = width / shape.Heads * shape.KeyValueHeads;
        int inner = shape.FeedForwardWidth;
        double spread = 1 / Math.Sqrt(width);
        List<Tensor> tensors =
        [
            new("token_embd.weight", [width, shape.Vocabulary], type, 0.05),
            new("output_norm.weight", [width], TensorType.F32, 1),
        ];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string name = $"blk.{layer}.";
            tensors.Add(new(name + "attn_norm.weight", [width], TensorType.F32, 1));
            tensors.Add(new(name + "ffn_norm.weight", [width], TensorType.F32, 1));
            tensors.Add(new(name + "attn_q.weight", [width, width], type, spread));
            tensors.Add(new(name + "attn_k.weight", [width, keyWidth], type, spread));
            tensors.Add(new(name + "attn_v.weight", [width, keyWidth], type, spread));
            tensors.Add(new(name + "attn_output.weight", [width, width], type, spread));
            tensors.Add(new(name + "ffn_gate.weight", [width, inner], type, spread));
            tensors.Add(new(name + "ffn_up.weight", [width, inner], type, spread));
            tensors.Add(new(name + "ffn_down.weight", [inner, width], type, 1 / Math.Sqrt(inner)));
        }

        return tensors;
    }

    private static void WriteHeader(BinaryWriter writer, RandomModelShape shape, List<Tensor> tensors)
    {
        using GgufMetadata metadata = new();
        metadata.Add("general.architecture", "llama");
        metadata.Add("general.name", "random weights");
        metadata.Add("llama.block_count", (uint)shape.Layers);
        metadata.Add("llama.context_length", (uint)shape.ContextTokens);
        metadata.Add("llama.embedding_length", (uint)shape.Width);
        metadata.Add("llama.feed_forward_length", (uint)shape.FeedForwardWidth);
        metadata.Add("llama.attention.head_count", (uint)shape.Heads);
        metadata.Add("llama.attention.head_count_kv", (uint)shape.KeyValueHeads);
        metadata.Add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        AddVocabulary(metadata, shape.Vocabulary);
        metadata.Add("tokenizer.chat_template", ChatTemplate);

        writer.Write("GGUF"u8);
        writer.Write(3U);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        writer.Write(metadata.Bytes);
        ulong offset = 0;
        foreach (Tensor tensor in tensors)
        {
            GgufMetadata.WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Dimensions.Length);
            foreach (int dimension in tensor.Dimensions)
            {
                writer.Write((ulong)dimension);
            }

            writer.Write((uint)tensor.Type);
            writer.Write(offset);
            offset += (ulong)(tensor.Bytes + Alignment - 1) / Alignment * Alignment;
        }
    }

    // A SentencePiece vocabulary: three control tokens, the 256 bytes, the space, and words that no text holds. Grammars
    // need the space: it is what the tokenizer puts before a text.
    private static void AddVocabulary(GgufMetadata metadata, int count)
    {
        const int ControlType = 3;
        const int ByteType = 6;
        const int NormalType = 1;
        string[] tokens = new string[count];
        int[] types = new int[count];
        float[] scores = new float[count];
        string[] controls = ["<unk>", "<s>", "</s>"];
        for (int token = 0; token < count; token++)
        {
            int value = token - controls.Length;
            (tokens[token], types[token]) = value switch
            {
                < 0 => (controls[token], token == 0 ? 2 : ControlType),
                < 256 => ($"<0x{value:X2}>", ByteType),
                256 => ("\u2581", NormalType),
                _ => ($"\u2581w{value}", NormalType),
            };
            scores[token] = -token;
        }

        metadata.Add("tokenizer.ggml.model", "llama");
        metadata.Add("tokenizer.ggml.pre", "default");
        metadata.Add("tokenizer.ggml.tokens", tokens);
        metadata.Add("tokenizer.ggml.scores", scores);
        metadata.Add("tokenizer.ggml.token_type", types);
        metadata.Add("tokenizer.ggml.bos_token_id", 1U);
        metadata.Add("tokenizer.ggml.eos_token_id", 2U);
        metadata.Add("tokenizer.ggml.unknown_token_id", 0U);
    }

    private static void WriteWeights(BinaryWriter writer, Tensor tensor, ref ulong random)
    {
        if (tensor.Type == TensorType.F32)
        {
            for (int element = 0; element < tensor.Elements; element++)
            {
                writer.Write((float)tensor.Spread);
            }

            return;
        }

        // Uniform values: -8..7 has the standard deviation 4.6, -128..127 has 73.9.
        int blockBytes = tensor.BlockBytes;
        Half scale = (Half)(tensor.Spread / (tensor.Type == TensorType.Q4_0 ? 4.6 : 73.9));
        byte[] row = new byte[tensor.Dimensions[0] / BlockElements * blockBytes];
        Span<byte> noise = stackalloc byte[8];
        for (int index = 0; index < tensor.Dimensions[1]; index++)
        {
            for (int at = 0; at < row.Length; at++)
            {
                if (at % 8 == 0)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(noise, Next(ref random));
                }

                row[at] = noise[at % 8];
            }

            for (int at = 0; at < row.Length; at += blockBytes)
            {
                BinaryPrimitives.WriteHalfLittleEndian(row.AsSpan(at), scale);
            }

            writer.Write(row);
        }
    }

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
        {
            writer.Write((byte)0);
        }
    }

    private static ulong Next(ref ulong state)
    {
        unchecked
        {
            state += 0x9E37_79B9_7F4A_7C15;
            ulong value = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
            value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
            return value ^ (value >> 31);
        }
    }

    private sealed record Tensor(string Name, int[] Dimensions, TensorType Type, double Spread)
    {
        public long Elements => Dimensions.Length == 1 ? Dimensions[0] : (long)Dimensions[0] * Dimensions[1];

        public int BlockBytes => Type == TensorType.Q4_0 ? 18 : 34;

        public long Bytes => Type == TensorType.F32 ? Elements * 4 : Elements / BlockElements * BlockBytes;
    }
}
