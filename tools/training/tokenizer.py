"""Learns a byte-level byte-pair vocabulary, and tokenizes with it through llama.cpp itself."""
import collections
import ctypes
import glob
import os
import re

WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def byte_characters():
    """GPT-2's printable character for each byte."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    characters = {byte: chr(byte) for byte in printable}
    rest = [byte for byte in range(256) if byte not in characters]
    characters.update({byte: chr(256 + index) for index, byte in enumerate(rest)})
    # The order of the vocabulary: printable bytes first.
    return {byte: characters[byte] for byte in printable + rest}


BYTE_CHARACTERS = byte_characters()


def learn_merges(text, count):
    words = collections.Counter("".join(BYTE_CHARACTERS[b] for b in word.encode()) for word in WORD.findall(text))
    pieces = {word: list(word) for word in words}
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, sequence in pieces.items():
            for pair in zip(sequence, sequence[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        (left, right), frequency = pairs.most_common(1)[0]
        if frequency < 2:
            break
        merges.append((left, right))
        for word, sequence in pieces.items():
            pieces[word] = merge(sequence, left, right)
    return merges


def merge(sequence, left, right):
    merged, index = [], 0
    while index < len(sequence):
        if sequence[index] == left and sequence[index + 1:index + 2] == [right]:
            merged.append(left + right)
            index += 2
        else:
            merged.append(sequence[index])
            index += 1
    return merged


class ModelParams(ctypes.Structure):
    """llama_model_params of llama.cpp v0.4.0: only vocab_only is touched."""
    _fields_ = [("before", ctypes.c_char * 72), ("vocab_only", ctypes.c_bool), ("after", ctypes.c_char * 7)]


class LlamaTokenizer:
    TOKENS_MAX = 4096

    def __init__(self, libraries, vocabulary_path):
        find = lambda stem: glob.glob(os.path.join(libraries, f"lib{stem}.*"))[0]
        ctypes.CDLL(find("ggml")).ggml_backend_load_all_from_path(libraries.encode())
        llama = self.llama = ctypes.CDLL(find("llama"))
        llama.llama_model_default_params.restype = ModelParams
        llama.llama_model_load_from_file.argtypes = [ctypes.c_char_p, ModelParams]
        llama.llama_model_load_from_file.restype = ctypes.c_void_p
        llama.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
        llama.llama_model_get_vocab.restype = ctypes.c_void_p
        llama.llama_tokenize.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_bool, ctypes.c_bool]
        params = llama.llama_model_default_params()
        params.vocab_only = True
        self.vocabulary = llama.llama_model_get_vocab(llama.llama_model_load_from_file(vocabulary_path.encode(), params))
        self.buffer = (ctypes.c_int * self.TOKENS_MAX)()

    def encode(self, text):
        data = text.encode()
        count = self.llama.llama_tokenize(self.vocabulary, data, len(data), self.buffer, self.TOKENS_MAX, False, True)
        assert count > 0, "the text is empty or too long"
        return self.buffer[:count]
