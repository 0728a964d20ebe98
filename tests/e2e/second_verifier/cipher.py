"""AES-256 in plain Python for the few envelopes that tests write: GCM (SP 800-38D) and key wrap (RFC 3394)."""


def times_two(value):
    return value << 1 ^ (0x11B if value & 128 else 0)


def s_box():
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= times_two(p)  # times three, and its inverse
        for shift in (1, 2, 4):
            q ^= q << shift & 255
        q ^= 9 if q & 128 else 0
        turned = q
        for shift in range(1, 5):
            turned ^= (q << shift | q >> 8 - shift) & 255
        box[p] = turned ^ 0x63
        if p == 1:
            return box


BOX = s_box()


def expand(key):
    words, constant = [list(key[at:at + 4]) for at in range(0, 32, 4)], 1
    while len(words) < 60:
        word = list(words[-1])
        if len(words) % 8 == 0:
            word = [BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= constant
            constant = times_two(constant)
        elif len(words) % 8 == 4:
            word = [BOX[byte] for byte in word]
        words.append([left ^ right for left, right in zip(words[-8], word)])
    return [sum(words[at:at + 4], []) for at in range(0, 60, 4)]


def encrypt_block(keys, block):
    state = [left ^ right for left, right in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [BOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if number < 14:
            mixed = []
            for at in range(0, 16, 4):
                column = state[at:at + 4]
                whole = column[0] ^ column[1] ^ column[2] ^ column[3]
                mixed += [column[row] ^ whole ^ times_two(column[row] ^ column[(row + 1) % 4]) for row in range(4)]
            state = mixed
        state = [left ^ right for left, right in zip(state, key)]
    return bytes(state)


def multiply(left, right):
    """In GF(2^128) with GCM's order of bits."""
    product = 0
    for bit in range(127, -1, -1):
        if right >> bit & 1:
            product ^= left
        left = left >> 1 ^ (0xE1 << 120 if left & 1 else 0)
    return product


def gcm_encrypt(key, nonce, plain):
    """Ciphertext and tag, without additional data."""
    keys = expand(key)
    out = b"".join(bytes(left ^ right for left, right in zip(plain[at:at + 16], encrypt_block(keys, nonce
            + (at // 16 + 2).to_bytes(4, "big"))))
                   for at in range(0, len(plain), 16))
    secret, total = int.from_bytes(encrypt_block(keys, bytes(16)), "big"), 0
    blocks = out + bytes(-len(out) % 16) + bytes(8) + (8 * len(out)).to_bytes(8, "big")
    for at in range(0, len(blocks), 16):
        total = multiply(total ^ int.from_bytes(blocks[at:at + 16], "big"), secret)
    last = int.from_bytes(encrypt_block(keys, nonce + b"\0\0\0\1"), "big")
    return out, (total ^ last).to_bytes(16, "big")


def key_wrap(kek, key):
    keys, first, rest = expand(kek), b"\xa6" * 8, [key[at:at + 8] for at in range(0, len(key), 8)]
    for step in range(6):
        for number in range(len(rest)):
            block = encrypt_block(keys, first + rest[number])
            first = (int.from_bytes(block[:8], "big") ^ (len(rest) * step + number + 1)).to_bytes(8, "big")
            rest[number] = block[8:]
    return first + b"".join(rest)
