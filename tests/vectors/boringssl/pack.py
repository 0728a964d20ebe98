#!/usr/bin/env python3
"""Packs BoringSSL's pki/testdata into the JSON files beside this script: pack.py PATH/pki/testdata

Only the PEM blocks and the .test files' fields are kept, as base64 of the DER; the readable dumps are left out.
"""
import base64
import gzip
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BLOCK = re.compile(r"-----BEGIN ([^-]+)-----\n(.*?)-----END", re.S)


def blocks(path):
    text = path.read_text(encoding="latin1")
    return [(label, "".join(body.split())) for label, body in BLOCK.findall(text)]


def decoded(text):
    try:
        return base64.b64decode(text, validate=True).decode("latin1")
    except ValueError:
        return text


def save(name, data, compress=False):
    text = json.dumps(data, indent=1, sort_keys=True) + "\n"
    if compress:
        (HERE / f"{name}.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    else:
        (HERE / name).write_text(text)


def chains(folder):
    certificates, cases = {}, {}
    for test in sorted(folder.rglob("*.test")):
        head, _, errors = test.read_text().partition("expected_errors:")
        fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        chain = [body for label, body in blocks(test.parent / fields["chain"]) if label == "CERTIFICATE"]
        cases[test.relative_to(folder).with_suffix("").as_posix()] = {
            "chain": [certificates.setdefault(body, len(certificates)) for body in chain],
            "trust": fields["last_cert_trust"],
            "time": fields["utc_time"],
            "purpose": fields["key_purpose"],
            "policies": fields.get("expected_user_constrained_policy_set", "").replace(",", " ").split(),
            "verdict": "refused" if "ERROR: " in errors else "accepted",
        }
    save("chains.json", {"certificates": list(certificates), "cases": cases}, compress=True)


def is_read(kind, name, found):
    """As the runners of parse_certificate_unittest.cc decide it; for key identifiers the files' names say it."""
    if kind == "AUTHORITY_KEY_IDENTIFIER":
        return not name.startswith(("invalid_", "extra_")) and not name.endswith("_only")
    if kind == "TBS CERTIFICATE":
        return "SPKI" in found
    return "ERROR: " not in decoded(found.get("ERRORS", ""))


def parsing(folder):
    cases = {}
    for file in sorted(folder.rglob("*.pem")):
        found = dict(blocks(file))
        kind = next(kind for kind in ("CERTIFICATE", "TBS CERTIFICATE", "AUTHORITY_KEY_IDENTIFIER") if kind in found)
        cases[file.relative_to(folder).with_suffix("").as_posix()] = {
            "kind": kind,
            "der": found[kind],
            "verdict": "accepted" if is_read(kind, file.stem, found) else "refused",
        }
    save("parsing.json", cases, compress=True)


def by_file(folder, name):
    save(name, {file.stem: dict(blocks(file)) for file in sorted(folder.rglob("*.pem"))})


if __name__ == "__main__":
    source = Path(sys.argv[1])
    chains(source / "verify_certificate_chain_unittest")
    parsing(source / "parse_certificate_unittest")
    by_file(source / "name_constraints_unittest", "name_constraints.json")
    by_file(source / "certificate_policies_unittest", "policies.json")
    by_file(source / "verify_name_match_unittest", "names.json")
    by_file(source / "verify_signed_data_unittest", "signed_data.json")
