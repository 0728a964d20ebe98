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


def breaches() -> list[str]:
    found = []
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
        private = file.suffix == ".h" and is_private(file)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if COROUTINE.search(line.split("//")[0]) and file.name != "http_server.cpp":
                found.append(f"{name}:{number}: coroutines live in http_server.cpp alone")
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(2)
            if file.suffix == ".h" and not private and FOREIGN.match(target):
                found.append(f"{name}:{number}: a header shows a foreign library ({target})")
            if match.group(1) == "<":
                continue
            header = ROOT / "libuvpki" / target
            if file.suffix == ".h" and not private and header.is_file() and is_private(header):
                found.append(f"{name}:{number}: a public header includes a private one ({target})")
            other = part_of(target)
            if other in ("base", part):
                continue
            if part == "base" and other == "openssl" and file.name in BASE_WITH_OPENSSL:
                continue
            if other not in ALLOWED[part]:
                found.append(f"{name}:{number}: '{part}' may not include '{other}' ({target})")
    return found


if __name__ == "__main__":
    problems = breaches()
    print("\n".join(problems) if problems else "include rules hold")
    sys.exit(1 if problems else 0)
