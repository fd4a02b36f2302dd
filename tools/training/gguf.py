"""Writes GGUF v3 files."""
import struct

import numpy as np

UINT32, INT32, FLOAT32, BOOL, TEXT, ARRAY = 4, 5, 6, 7, 8, 9
F32, F16 = 0, 1
ALIGNMENT = 32
FORMATS = {UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}


def text_bytes(text):
    encoded = text.encode("utf-8")
    return struct.pack("<Q", len(encoded)) + encoded


def value_bytes(kind, value):
    if kind == TEXT:
        return text_bytes(value)
    if kind == ARRAY:
        element, items = value
        return struct.pack("<IQ", element, len(items)) + b"".join(value_bytes(element, item) for item in items)
    return struct.pack(FORMATS[kind], value)


class Writer:
    def __init__(self):
        self.metadata = []
        self.tensors = []

    def add(self, key, kind, value):
        self.metadata.append(text_bytes(key) + struct.pack("<I", kind) + value_bytes(kind, value))

    def add_tensor(self, name, array):
        """Vectors stay 32-bit, matrices become 16-bit."""
        kind, dtype = (F32, np.float32) if array.ndim == 1 else (F16, np.float16)
        self.tensors.append((name, array.shape[::-1], kind, np.ascontiguousarray(array, dtype).tobytes()))

    def save(self, path):
        with open(path, "wb") as file:
            file.write(b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.metadata)))
            for entry in self.metadata:
                file.write(entry)
            offset = 0
            for name, shape, kind, data in self.tensors:
                sizes = b"".join(struct.pack("<Q", size) for size in shape)
                file.write(text_bytes(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, offset))
                offset += (len(data) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            for _, _, _, data in self.tensors:
                file.write(data + b"\0" * (-len(data) % ALIGNMENT))
