"""Adds a third decoder layer that changes nothing to a whisper.cpp model of two decoder layers.

usage: add_identity_layer.py two-layers.bin three-layers.bin

whisper.cpp takes every model of two decoder layers for a distilled one, which it denies timestamps. The added layer is
the second one again with zeros for the weights and biases of what it adds to its input, so that it adds nothing.
"""
import struct
import sys

HEADER_NUMBERS = 12
TEXT_LAYERS = 9  # place in the header
ADDED = ("attn.out.weight", "attn.out.bias", "mlp.2.weight", "mlp.2.bias")
VALUE_BYTES = {0: 4, 1: 2}  # F32, F16


class Reader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def numbers(self, count):
        values = struct.unpack_from(f"<{count}i", self.data, self.position)
        self.position += 4 * count
        return values

    def bytes(self, count):
        self.position += count
        return self.data[self.position - count : self.position]


def skip_filters_and_vocabulary(reader):
    rows, columns = reader.numbers(2)
    reader.bytes(4 * rows * columns)
    (tokens,) = reader.numbers(1)
    for _ in range(tokens):
        reader.bytes(*reader.numbers(1))


def read_tensors(reader):
    while reader.position < len(reader.data):
        dimensions, name_bytes, kind = reader.numbers(3)
        sizes = reader.numbers(dimensions)
        name = reader.bytes(name_bytes).decode()
        values = VALUE_BYTES[kind]
        for size in sizes:
            values *= size
        yield name, sizes, kind, reader.bytes(values)


def main(source, target):
    with open(source, "rb") as file:
        reader = Reader(file.read())
    header = list(reader.numbers(HEADER_NUMBERS))
    begin = reader.position
    skip_filters_and_vocabulary(reader)
    middle = reader.data[begin : reader.position]
    tensors = list(read_tensors(reader))
    for name, sizes, kind, values in list(tensors):
        if name.startswith("decoder.blocks.1."):
            copy = name.replace(".blocks.1.", ".blocks.2.")
            tensors.append((copy, sizes, kind, bytes(len(values)) if name.endswith(ADDED) else values))
    header[TEXT_LAYERS] = 3
    with open(target, "wb") as file:
        file.write(struct.pack(f"<{HEADER_NUMBERS}i", *header) + middle)
        for name, sizes, kind, values in tensors:
            encoded = name.encode()
            file.write(struct.pack("<3i", len(sizes), len(encoded), kind))
            file.write(struct.pack(f"<{len(sizes)}i", *sizes) + encoded + values)


if __name__ == "__main__":
    main(*sys.argv[1:])
