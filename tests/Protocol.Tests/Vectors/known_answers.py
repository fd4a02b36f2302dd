#!/usr/bin/env python3
"""Computes the known answers in KnownAnswers.cs without any code of this project.

Everything below is written from the standards alone, over Python's own integers, hashlib and hmac:
P-256 and ECDSA (SEC 1, SEC 2), AES-256 (FIPS 197), GCM (SP 800-38D), HKDF (RFC 5869), CBOR (RFC 8949),
Noise (revision 34), and docs/protocol.md sections 3 to 5 for the names. Run it to print the constants.
"""
import hashlib
import hmac

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(p, q):
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        m = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P)
    else:
        m = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (m * m - p[0] - q[0]) % P
    return x, (m * (p[0] - x) - p[1]) % P


def multiply(k, p):
    result = None
    while k:
        if k & 1:
            result = add(result, p)
        p = add(p, p)
        k >>= 1
    return result


def point_bytes(p):
    assert (p[1] ** 2 - p[0] ** 3 + 3 * p[0] - B) % P == 0
    return p[0].to_bytes(32, "big") + p[1].to_bytes(32, "big")


def dh(k, p):
    return multiply(k, p)[0].to_bytes(32, "big")


def make_sbox():
    def times(a, b):
        r = 0
        while b:
            r ^= a if b & 1 else 0
            a = (a << 1) ^ (0x11B if a & 0x80 else 0)
            b >>= 1
        return r
    box = []
    for v in range(256):
        inverse = next((c for c in range(256) if times(v, c) == 1), 0)
        box.append(0x63 ^ inverse ^ ((inverse << 1 | inverse >> 7) & 255) ^ ((inverse << 2 | inverse >> 6) & 255)
                   ^ ((inverse << 3 | inverse >> 5) & 255) ^ ((inverse << 4 | inverse >> 4) & 255))
    return box


SBOX = make_sbox()


def aes256(key, block):
    words = [list(key[i:i + 4]) for i in range(0, 32, 4)]
    rcon = 1
    for i in range(8, 60):
        w = list(words[i - 1])
        if i % 8 == 0:
            w = [SBOX[b] for b in w[1:] + w[:1]]
            w[0] ^= rcon
            rcon <<= 1
        elif i % 8 == 4:
            w = [SBOX[b] for b in w]
        words.append([a ^ b for a, b in zip(words[i - 8], w)])
    keys = [sum(words[i:i + 4], []) for i in range(0, 60, 4)]
    double = lambda b: ((b << 1) ^ (0x1B if b & 0x80 else 0)) & 255
    s = [a ^ b for a, b in zip(block, keys[0])]
    for r in range(1, 15):
        s = [SBOX[b] for b in s]
        s = [s[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if r < 14:
            mixed = []
            for c in range(0, 16, 4):
                a = s[c:c + 4]
                all4 = a[0] ^ a[1] ^ a[2] ^ a[3]
                mixed += [a[i] ^ all4 ^ double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            s = mixed
        s = [a ^ b for a, b in zip(s, keys[r])]
    return bytes(s)


def gcm(key, nonce, aad, plaintext):
    h = int.from_bytes(aes256(key, bytes(16)), "big")

    def times(x, y):
        z, v = 0, y
        for i in range(127, -1, -1):
            z ^= v if x >> i & 1 else 0
            v = (v >> 1) ^ (0xE1 << 120 if v & 1 else 0)
        return z
    counter = lambda n: nonce + n.to_bytes(4, "big")
    ciphertext = bytearray()
    for i in range(0, len(plaintext), 16):
        stream = aes256(key, counter(2 + i // 16))
        ciphertext += bytes(a ^ b for a, b in zip(plaintext[i:i + 16], stream))
    pad = lambda b: bytes(b) + bytes(-len(b) % 16)
    data = pad(aad) + pad(ciphertext) + (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    y = 0
    for i in range(0, len(data), 16):
        y = times(y ^ int.from_bytes(data[i:i + 16], "big"), h)
    tag = bytes(a ^ b for a, b in zip(y.to_bytes(16, "big"), aes256(key, counter(1))))
    return bytes(ciphertext) + tag


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(ck, ikm, count):
    temp = mac(ck, ikm)
    outputs, last = [], b""
    for i in range(1, count + 1):
        last = mac(temp, last + bytes([i]))
        outputs.append(last)
    return outputs


def expand(secret, info, length):
    output, last, i = b"", b"", 1
    while len(output) < length:
        last = mac(secret, last + info + bytes([i]))
        output, i = output + last, i + 1
    return output[:length]


class Symmetric:
    def __init__(self, name):
        self.h = name.ljust(32, b"\0") if len(name) <= 32 else hashlib.sha256(name).digest()
        self.ck = self.h

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, ikm):
        self.ck, self.k = hkdf(self.ck, ikm, 2)
        self.n = 0

    def encrypt(self, plaintext):
        c = gcm(self.k, bytes(4) + self.n.to_bytes(8, "big"), self.h, plaintext)
        self.n += 1
        self.mix_hash(c)
        return c


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    size = 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + value.to_bytes(size, "big")


def cbor(value):
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(cbor(v) for v in value)
    pairs = sorted((cbor(k), cbor(v)) for k, v in value.items())
    return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)


def ecdsa(d, message, k):
    z = int.from_bytes(hashlib.sha256(message).digest(), "big")
    r = multiply(k, G)[0] % N
    s = pow(k, -1, N) * (z + r * d) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big"), r.to_bytes(32, "big") + (N - s).to_bytes(32, "big")


def scalar(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % (N - 1) + 1


def main():
    # AES-256, FIPS 197 appendix C.3: the tables above stand or fall here.
    assert aes256(bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == \
        "8ea2b7ca516745bfeafc49904b496089"

    names = ["initiator static", "initiator ephemeral", "responder static", "responder ephemeral"]
    s_i, e_i, s_r, e_r = (scalar("darkbloom kat " + n) for n in names)
    S_i, E_i, S_r, E_r = (multiply(k, G) for k in (s_i, e_i, s_r, e_r))
    network = b"kat"
    prologue = b"darkbloom/noise\0" + bytes([1, len(network)]) + network

    state = Symmetric(b"Noise_IK_P256_AESGCM_SHA256")
    state.mix_hash(prologue)
    state.mix_hash(point_bytes(S_r))

    # Each packet's header, from its flags to its last connection id, goes into the hash before its message.
    init_header = bytes.fromhex("4801" + "0102030405060708")
    response_header = bytes.fromhex("50" + "0102030405060708" + "1112131415161718")

    state.mix_hash(init_header)
    init = point_bytes(E_i)
    state.mix_hash(init)
    state.mix_key(dh(e_i, S_r))
    init += state.encrypt(point_bytes(S_i))
    state.mix_key(dh(s_i, S_r))
    init += state.encrypt(b"the first payload")

    state.mix_hash(response_header)
    response = point_bytes(E_r)
    state.mix_hash(response)
    state.mix_key(dh(e_r, E_i))
    state.mix_key(dh(e_r, S_i))
    response += state.encrypt(b"the second payload")

    first, second = hkdf(state.ck, b"", 2)
    header = bytes.fromhex("40" + "0102030405060708" + "0000002a")

    def packet(secret, number, plaintext, aad):
        material = expand(secret, b"darkbloom/packet/v1 key", 36)
        return gcm(material[:32], material[32:] + number.to_bytes(8, "big"), aad, plaintext)

    # A renewal by the same keys: the question's and the answer's headers bind round and last hash, both secrets mix.
    renewed = Symmetric(b"Noise_IK_P256_AESGCM_SHA256")
    renewed.mix_hash(prologue)
    renewed.mix_hash(point_bytes(S_r))
    renewed.mix_hash(b"\x06" + (1).to_bytes(8, "big") + state.h)
    question = point_bytes(E_i)
    renewed.mix_hash(question)
    renewed.mix_key(dh(e_i, S_r))
    question += renewed.encrypt(point_bytes(S_i))
    renewed.mix_key(dh(s_i, S_r))
    question += renewed.encrypt(b"the third payload")
    renewed.mix_hash(b"\x07" + (1).to_bytes(8, "big") + state.h)
    answer = point_bytes(E_r)
    renewed.mix_hash(answer)
    renewed.mix_key(dh(e_r, E_i))
    renewed.mix_key(dh(e_r, S_i))
    answer += renewed.encrypt(b"the fourth payload")
    fresh_first, _ = hkdf(renewed.ck, b"", 2)
    renewed_first = expand(mac(first, fresh_first), b"darkbloom/packet/v1 renewed", 32)

    next_first = expand(first, b"darkbloom/packet/v1 next", 32)
    for name, key, point in zip(names, (s_i, e_i, s_r, e_r), (S_i, E_i, S_r, E_r)):
        print(name, (key.to_bytes(32, "big") + point_bytes(point)).hex())
    print("init header", init_header.hex())
    print("init", init.hex())
    print("response header", response_header.hex())
    print("response", response.hex())
    print("hash", state.h.hex())
    print("initiator sends", first.hex())
    print("responder sends", second.hex())
    print("packet 42", packet(first, 42, b"frames", header).hex())
    print("packet 43, next phase", packet(next_first, 43, b"frames", b"\x41" + header[1:12] + b"\x2b").hex())
    print("renewal question", question.hex())
    print("renewal answer", answer.hex())
    print("packet 43, renewed phase", packet(renewed_first, 43, b"frames", b"\x41" + header[1:12] + b"\x2b").hex())
    mac_key = hashlib.sha256(b"darkbloom/mac1/v1\0" + point_bytes(S_r)).digest()
    print("mac1 of init", mac(mac_key, init)[:16].hex())
    print("peer id of responder", hashlib.sha256(b"darkbloom/peer-id/v1\0" + point_bytes(S_r)).hexdigest())

    init_packet = init_header + bytes.fromhex("101112131415161718191a1b1c1d1e1f" + "0003" + "0a0b0c")
    init_packet += bytes(1184 - len(init_packet))
    init_mac = mac(mac_key, init_packet)[:16]
    print("init packet's mac", init_mac.hex())
    retry = bytes.fromhex("580102030405060708" + "101112131415161718191a1b1c1d1e1f")
    print("retry packet", (retry + mac(mac_key, retry + init_mac)[:16]).hex())
    address = bytes.fromhex("00000000000000000000ffffc0000201" + "115c")
    cookie_input = address + bytes.fromhex("0102030405060708") + hashlib.sha256(bytes.fromhex("0a0b0c")).digest()
    print("cookie", mac(bytes(range(32)), cookie_input)[:16].hex())

    body = cbor({1: 1, 2: "kat", 3: bytes(range(16)), 4: 1_800_000_000, 5: 1_800_003_600, 6: point_bytes(S_i),
                 7: point_bytes(E_i), 8: 1, 15: 3})
    key_id = hashlib.sha256(b"darkbloom/ticket-key/v1\0" + point_bytes(S_r)).digest()[:4]
    signatures = ecdsa(s_r, b"darkbloom/ticket/v1\0" + body, scalar("darkbloom kat nonce"))
    low, high = sorted(signatures, key=lambda signature: signature[32:])
    print("ticket", cbor([body, [[key_id, low]]]).hex())
    print("ticket, high s", cbor([body, [[key_id, high]]]).hex())


main()
