#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md). Run from anywhere; prints every breach and exits 1 if there is one.

The table names, for each part, the other parts it may include. A part always may include itself and `base`.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ["openssl", "x509", "cms", "timestamp", "blind", "threshold", "merkle", "count"]

# What the library offers to services and tools: all of it but the OpenSSL wrappers.
OFFERED = [part for part in CORE if part != "openssl"] + ["election", "api", "service"]

ALLOWED = {
    "base": [],
    "openssl": [],
    "x509": ["openssl"],
    "cms": ["openssl", "x509"],
    "timestamp": ["openssl", "x509", "cms"],
    "blind": ["openssl"],
    "merkle": ["openssl"],
    "threshold": ["openssl", "x509", "cms"],
    "count": [],
    "election": CORE,
    "api": ["x509", "election"],
    "service": ["openssl"],
    "ca-service": OFFERED,
    "registrar-service": OFFERED,
    "ballot-service": OFFERED,
    "tools": [*OFFERED, "ca-service", "registrar-service", "ballot-service"],
}
# Public headers show no OpenSSL, Botan or SQLite type and include no private header. Private are those of uvpki/openssl
# and those whose opening comment says so; cmake/UvpkiInstall.cmake goes by the same words.
OPENING = re.compile(r"#pragma once\n((?://[^\n]*\n)+)")
PRIVATE = re.compile(r"Private( to|:|\.)")
FOREIGN = re.compile(r"^(openssl/|botan/|SQLiteCpp/|sqlite3)")
# Base sources that wrap a library call of their own.
BASE_WITH_OPENSSL = {"digest.cpp", "password_seal.cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
COROUTINE = re.compile(r"\bco_(await|yield|return)\b")
# T41: there are no zero-knowledge proofs, so none can be wrong. What every such proof needs has no place in the code: its
# name, a challenge drawn from a hash (Fiat-Shamir), or a hash that becomes a scalar or a point.
PROOF = re.compile(r"fiat_?shamir|schnorr|chaum_?pedersen|bulletproof|zero_?knowledge|\bn?i?zkp?s?_?(proof|argument)?\b|"
                   r"proof_of_knowledge|random_oracle|hash_?to_?(scalar|curve|point|group|field)|"
                   r"challenge_?(scalar|hash|from)|(hash|derive|compute|make)_?challenge", re.IGNORECASE)
# In the trustees' part a digest names a message; it never becomes a number to compute with.
DIGEST_AS_NUMBER = re.compile(r"BN_bin2bn\s*\([^;]*(sha256|sha384|hmac|digest|hash)|scalar\w*\s*\(\s*(sha256|sha384|hmac)", re.IGNORECASE)
# Every rule for single lines can fail: each of these must be refused, each of GOOD_LINES pass.
BAD_LINES = [
    ("libuvpki/uvpki/service/database.cpp", "co_await flush();", "coroutines"),
    ("libuvpki/uvpki/x509/name.h", "#include <openssl/x509.h>", "foreign library"),
    ("libuvpki/uvpki/x509/name.h", '#include "uvpki/openssl/handles.h"', "a public header includes a private one"),
    ("libuvpki/uvpki/count/stv.cpp", '#include "uvpki/x509/keys.h"', "'count' may not include 'x509'"),
    ("ballot-service/cast.cpp", '#include "registrar-service/store.h"', "may not include 'registrar-service'"),
    ("libuvpki/uvpki/threshold/share.cpp", "const auto proof = schnorr_prove(share, transcript);", "T41"),
    ("libuvpki/uvpki/election/ballot.cpp", "auto c = fiat_shamir(commitments);", "T41"),
    ("libuvpki/uvpki/blind/pss.cpp", "const auto e = hash_to_scalar(message);", "T41"),
    ("libuvpki/uvpki/threshold/ceremony.cpp", "const auto c = compute_challenge(transcript.hash());", "T41"),
    ("libuvpki/uvpki/threshold/share.cpp", "BN_bin2bn(sha256(message).data(), 32, c.get());", "T41"),
    ("tools/uvtrustee/output.cpp", "ZkProof proof;", "T41"),
]
GOOD_LINES = [
    ("libuvpki/uvpki/threshold/release.h", "Bytes make_rehearsal_request(const ShareBackup& backup, ByteView challenge);"),
    ("libuvpki/uvpki/threshold/share.cpp", "// No zero-knowledge proofs: Schnorr's would need a hash_to_scalar."),
    ("libuvpki/uvpki/merkle/proof.cpp", "const auto proof = inclusion_proof(tree, index);"),
    ("libuvpki/uvpki/threshold/ceremony.cpp", "const auto hash = sha256(file);"),
]


def part_of(path: str) -> str:
    if path.startswith("libuvpki/uvpki/"):
        path = path.removeprefix("libuvpki/")
    if path.startswith("uvpki/"):
        pieces = path.split("/")
        return pieces[1] if len(pieces) > 2 else "base"
    return path.split("/")[0]


def is_private(header: Path) -> bool:
    opening = OPENING.match(header.read_text(encoding="utf-8"))
    return header.parent.name == "openssl" or bool(opening and PRIVATE.search(opening.group(1)))


def line_breaches(name: str, line: str) -> list[str]:
    """What one line of the file of this name breaks."""
    found = []
    path = Path(name)
    part = part_of(name)
    public = path.suffix == ".h" and not is_private(ROOT / name)
    code = line.split("//")[0]
    if COROUTINE.search(code) and path.name != "http_server.cpp":
        found.append("coroutines live in http_server.cpp alone")
    if PROOF.search(code):
        found.append("T41: no zero-knowledge proofs, no challenges from hashes")
    if part == "threshold" and DIGEST_AS_NUMBER.search(code):
        found.append("T41: a digest is never a number to compute with")
    match = INCLUDE.match(line)
    if not match:
        return found
    target = match.group(2)
    if public and FOREIGN.match(target):
        found.append(f"a header shows a foreign library ({target})")
    if match.group(1) == "<":
        return found
    header = ROOT / "libuvpki" / target
    if public and header.is_file() and is_private(header):
        found.append(f"a public header includes a private one ({target})")
    other = part_of(target)
    if other in ("base", part) or (part == "base" and other == "openssl" and path.name in BASE_WITH_OPENSSL):
        return found
    if other not in ALLOWED[part]:
        found.append(f"'{part}' may not include '{other}' ({target})")
    return found


def dead_rules() -> list[str]:
    """Rules that no longer refuse what they are there for, or refuse what is good."""
    found = []
    for name, line, expected in BAD_LINES:
        if not any(expected in breach for breach in line_breaches(name, line)):
            found.append(f"include_rules.py: no rule refuses '{line}' in {name}")
    for name, line in GOOD_LINES:
        found += [f"include_rules.py: '{line}' is refused: {breach}" for breach in line_breaches(name, line)]
    return found


def breaches() -> list[str]:
    found = dead_rules()
    folders = ["libuvpki", "ca-service", "registrar-service", "ballot-service", "tools"]
    files = [f for folder in folders for f in sorted((ROOT / folder).rglob("*")) if f.suffix in (".h", ".cpp")]
    if len(files) < 20:
        return ["include_rules.py: found too few sources; is the tree complete?"]
    for file in files:
        name = file.relative_to(ROOT).as_posix()
        part = part_of(name)
        if part not in ALLOWED:
            found.append(f"{name}: part '{part}' has no row in tests/include_rules.py")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found += [f"{name}:{number}: {breach}" for breach in line_breaches(name, line)]
    return found


if __name__ == "__main__":
    problems = breaches()
    print("\n".join(problems) if problems else "include rules hold")
    sys.exit(1 if problems else 0)
