"""Trains the built-in chat model and writes it as GGUF."""
import argparse
import math
import os
import random
import re
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import corpus
import gguf
import tokenizer

WIDTH, LAYERS, HEADS, KEY_HEADS, INNER, CONTEXT = 128, 4, 4, 2, 384, 320
HEAD = WIDTH // HEADS
EPSILON = 1e-5
BATCH, LENGTH = 16, 160
LEARNING_RATE = 2e-3


def rotation():
    frequencies = 1 / (10000 ** (torch.arange(0, HEAD, 2).float() / HEAD))
    angles = torch.outer(torch.arange(CONTEXT).float(), frequencies)
    return angles.cos(), angles.sin()


COS, SIN = rotation()


def rotate(x):
    """llama.cpp's rotary embedding for this architecture: neighbouring elements are the pairs."""
    length = x.shape[2]
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = COS[:length], SIN[:length]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * self.weight


class Block(nn.Module):
    """Its attributes have the names of the tensors in the file."""

    def __init__(self):
        super().__init__()
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)
        self.attn_norm, self.ffn_norm = Norm(), Norm()
        self.attn_q, self.attn_output = linear(WIDTH, WIDTH), linear(WIDTH, WIDTH)
        self.attn_k, self.attn_v = linear(WIDTH, KEY_HEADS * HEAD), linear(WIDTH, KEY_HEADS * HEAD)
        self.ffn_gate, self.ffn_up, self.ffn_down = linear(WIDTH, INNER), linear(WIDTH, INNER), linear(INNER, WIDTH)

    def forward(self, x, mask):
        batch, length, _ = x.shape
        h = self.attn_norm(x)
        split = lambda t, heads: t.view(batch, length, heads, HEAD).transpose(1, 2)
        query, key = rotate(split(self.attn_q(h), HEADS)), rotate(split(self.attn_k(h), KEY_HEADS))
        value = split(self.attn_v(h), KEY_HEADS)
        key = key.repeat_interleave(HEADS // KEY_HEADS, 1)
        value = value.repeat_interleave(HEADS // KEY_HEADS, 1)
        attention = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(HEAD) + mask, -1) @ value
        x = x + self.attn_output(attention.transpose(1, 2).reshape(batch, length, WIDTH))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.token_embd = nn.Embedding(vocabulary, WIDTH)
        self.blk = nn.ModuleList([Block() for _ in range(LAYERS)])
        self.output_norm = Norm()
        nn.init.normal_(self.token_embd.weight, std=0.02)

    def forward(self, tokens):
        length = tokens.shape[1]
        mask = torch.full((length, length), -1e9).triu(1)
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, mask)
        return self.output_norm(x) @ self.token_embd.weight.T


def vocabulary(texts):
    plain = re.sub(r"<\|im_(start|end)\|>", "\n", "".join(texts))
    merges = tokenizer.learn_merges(plain, 600)
    controls = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokens = controls + list(tokenizer.BYTE_CHARACTERS.values()) + [left + right for left, right in merges]
    types = [3] * len(controls) + [1] * (len(tokens) - len(controls))
    while len(tokens) % 32:
        tokens.append(f"<|pad{len(tokens)}|>")
        types.append(5)
    return tokens, types, merges


def header(tokens, types, merges):
    template = os.path.join(os.path.dirname(os.path.abspath(__file__)), "chat_template.jinja")
    writer = gguf.Writer()
    writer.add("general.architecture", gguf.TEXT, "llama")
    writer.add("general.name", gguf.TEXT, "darkbloom-tiny")
    writer.add("general.license", gguf.TEXT, "apache-2.0")
    sizes = {
        "block_count": LAYERS, "context_length": CONTEXT, "embedding_length": WIDTH, "feed_forward_length": INNER,
        "attention.head_count": HEADS, "attention.head_count_kv": KEY_HEADS, "rope.dimension_count": HEAD,
        "vocab_size": len(tokens),
    }
    for key, size in sizes.items():
        writer.add(f"llama.{key}", gguf.UINT32, size)
    writer.add("llama.attention.layer_norm_rms_epsilon", gguf.FLOAT32, EPSILON)
    writer.add("llama.rope.freq_base", gguf.FLOAT32, 10000.0)
    writer.add("tokenizer.ggml.model", gguf.TEXT, "gpt2")
    writer.add("tokenizer.ggml.pre", gguf.TEXT, "gpt-2")
    writer.add("tokenizer.ggml.tokens", gguf.ARRAY, (gguf.TEXT, tokens))
    writer.add("tokenizer.ggml.token_type", gguf.ARRAY, (gguf.INT32, types))
    writer.add("tokenizer.ggml.merges", gguf.ARRAY, (gguf.TEXT, [f"{left} {right}" for left, right in merges]))
    writer.add("tokenizer.ggml.bos_token_id", gguf.UINT32, 0)
    writer.add("tokenizer.ggml.eos_token_id", gguf.UINT32, 2)
    writer.add("tokenizer.ggml.add_bos_token", gguf.BOOL, False)
    with open(template, encoding="utf-8") as file:
        writer.add("tokenizer.chat_template", gguf.TEXT, file.read())
    return writer


def train(model, ids, steps):
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, betas=(0.9, 0.95))
    started = time.time()
    for step in range(steps):
        decay = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / 80) * decay
        starts = np.random.randint(0, len(ids) - LENGTH - 1, BATCH)
        inputs = torch.from_numpy(np.stack([ids[i:i + LENGTH] for i in starts]))
        targets = torch.from_numpy(np.stack([ids[i + 1:i + LENGTH + 1] for i in starts]))
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}, {time.time() - started:.0f} s", flush=True)


def save(model, writer, path):
    for name, parameter in model.named_parameters():
        writer.add_tensor(name, parameter.detach().numpy())
    writer.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libraries", required=True, help="folder with the built llama.cpp libraries")
    parser.add_argument("--output", required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)

    texts = [corpus.conversation() for _ in range(20000)]
    tokens, types, merges = vocabulary(texts[:3000])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vocabulary.gguf")
        header(tokens, types, merges).save(path)
        encode = tokenizer.LlamaTokenizer(arguments.libraries, path).encode
        ids = np.array([token for text in texts for token in encode(text)], np.int64)

    model = Model(len(tokens))
    print(f"{len(tokens)} tokens, {len(ids)} in the corpus, {sum(p.numel() for p in model.parameters())} parameters")
    train(model, ids, arguments.steps)
    save(model, header(tokens, types, merges), arguments.output)


if __name__ == "__main__":
    main()
