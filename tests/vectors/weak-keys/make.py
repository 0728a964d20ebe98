#!/usr/bin/env python3
"""Writes keys.json: RSA public keys with one weakness each, made from a fixed seed so that the file can be made again."""
import json
import random
from math import isqrt

rng = random.Random("uvpki weak keys 1")


def is_prime(n):
    for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % p == 0:
            return n == p
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for _ in range(24):
        x = pow(rng.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def next_prime(n):
    n |= 1
    while not is_prime(n):
        n += 2
    return n


def prime(bits):
    return next_prime(rng.getrandbits(bits) | (3 << (bits - 2)))


def roca_prime(bits):
    """k * M + (65537^a mod M), M the product of the first 126 primes (what the 2048-bit generator used)."""
    primes = [p for p in range(2, 702) if is_prime(p)]
    m = 1
    for p in primes:
        m *= p
    while True:
        k = rng.getrandbits(bits - m.bit_length())
        p = k * m + pow(65537, rng.getrandbits(256), m)
        if p.bit_length() == bits and (p >> (bits - 2)) == 3 and is_prime(p):
            return p


p, q = prime(1024), prime(1024)
close = next_prime(p + (1 << 505))
far = next_prime(p + (1 << 560))
e = 65537
keys = [
    ("good 2048-bit key", p * q, e, []),
    ("good 3072-bit key", prime(1536) * prime(1536), e, []),
    ("primes 2^560 apart: far enough for 1000 rounds", p * far, e, []),
    ("1024-bit key", prime(512) * prime(512), e, ["key.rsa.size"]),
    ("even modulus", p * q + 1, e, ["key.rsa.even"]),
    ("exponent 3", p * q, 3, ["key.rsa.exponent"]),
    ("exponent 65535", p * q, 65535, ["key.rsa.exponent"]),
    ("exponent 65538", p * q, 65538, ["key.rsa.exponent"]),
    ("exponent 2^256 + 1", p * q, 2**256 + 1, ["key.rsa.exponent"]),
    ("factor 9973", 9973 * next_prime(rng.getrandbits(2034) | (3 << 2033)), e, ["key.rsa.small_factor"]),
    ("ROCA 2048", roca_prime(1024) * roca_prime(1024), e, ["key.rsa.roca"]),
    ("neighbouring primes", p * next_prime(p + 2), e, ["key.rsa.close_primes"]),
    ("primes 2^505 apart", p * close, e, ["key.rsa.close_primes"]),
    ("square of a prime", p * p, e, ["key.rsa.close_primes"]),
]
with open("keys.json", "w", encoding="ascii") as out:
    json.dump([{"name": n, "modulus": f"{m:x}".zfill(len(f"{m:x}") + len(f"{m:x}") % 2),
                "exponent": f"{x:x}".zfill(len(f"{x:x}") + len(f"{x:x}") % 2), "expected": w} for n, m, x, w in keys],
              out, indent=1)
    out.write("\n")
