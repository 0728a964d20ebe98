#!/usr/bin/env python3
"""Second verifier of an election package, written from docs/formats alone, with Python and the openssl command.

    verifier.py PACKAGE [ROOT_SHA256]

Prints "BAD  file: what" for each finding, or "GOOD id"; exits with 0 (good), 1 (bad) or 2 (could not be run).
"""
import base64
import collections
import concurrent.futures
import csv
import io
import os
import re
import sys
from pathlib import Path

from asn1 import (AUTHORITY_KEY_ID, EXPIRED_CERTIFICATES, GENERALIZED, KEY_ID, KEY_USAGE, Certificate, Malformed,
                  RevocationList, parse, require)
from ballots import Ballot, BallotRules, mark_repeated
from canonical import decode_base64, seconds
from package import OpenSsl, Package, hash_list, hexhash, pem_blocks, sha256
from recount import count_contest
from trustees import check_trustees

LARGEST_TABLE = 30  # candidates of a Schulze count whose tables results/rounds.txt shows


def tree_root(entries):
    """RFC 9162, section 2.1.1, over 32-byte entries."""
    hashes = [sha256(b"\0" + entry) for entry in entries]

    def root(low, high):
        if high - low == 1:
            return hashes[low]
        split = 1 << (high - low - 1).bit_length() - 1
        return sha256(b"\1" + root(low, low + split) + root(low + split, high))

    return root(0, len(hashes)) if hashes else sha256(b"")


# Step 1: which files there are, and that they existed when the evidence was stamped.

def expected_files(package):
    """The names that package.md allows for this manifest, as regular expressions."""
    manifest = package.manifest
    issuers = "|".join(map(re.escape, manifest["token_issuers"]))
    contests = "|".join(re.escape(contest["id"]) for contest in manifest["contests"])
    return re.compile("|".join([
        r"README\.txt|verify\.sh|root\.pem|chain\.pem|manifest\.json(\.p7s)?|election-key\.pem",
        rf"roll/(roll\.json(\.p7s)?|commitments\.txt)|claims/({issuers})\.(json|json\.p7s|txt)",
        r"ballots/(?P<ab>[0-9a-f]{2})/(?P=ab)[0-9a-f]{62}\.p7m|epochs/[0-9]{4}\.(sha256|tsr)",
        r"log/checkpoint|log/tile/(0|[1-9][0-9]*|entries)/(x[0-9]{3}/)*[0-9]{3}(\.p/[1-9][0-9]*)?",
        rf"crl/(root|issuing-ca|ballot-ca|registrar-ca-({issuers}))\.pem",
        r"trustees/transcript\.json|trustees/ceremony/[a-z0-9-]+\.p7m",
        r"trustees/(rehearsal-[1-9][0-9]?\.csr|checkpoint-[1-9][0-9]?\.p7m|share-[1-9][0-9]?\.pem)",
        rf"results/(results\.(json|json\.p7s|csv)|rounds\.txt|({contests})\.blt)|evidence/[0-9]{{4}}\.(sha256|tsr)"]))


def check_layout(package):
    manifest, names = package.manifest, expected_files(package)
    for path in package.files:
        number = re.fullmatch(r"trustees/(?:rehearsal|checkpoint|share)-([0-9]+)\..*", path)
        if not names.fullmatch(path) or number and int(number[1]) > len(manifest["trustees"]["members"]):
            package.bad(path, "does not belong here")
    needed = ["README.txt", "verify.sh", "results/results.csv", "results/rounds.txt", "evidence/0001.sha256"]
    needed += [f"results/{contest['id']}.blt" for contest in manifest["contests"]]
    for path in needed:
        if path not in package.files:
            package.bad(path, "is missing")


def check_evidence(package):
    lists = sorted(path for path in package.files if re.fullmatch(r"evidence/[0-9]{4}\.sha256", path))
    stamps = sorted(path for path in package.files if re.fullmatch(r"evidence/[0-9]{4}\.tsr", path))
    before = package.last_stamp
    for path in set(stamps) - {path[:-6] + "tsr" for path in lists}:
        package.bad(path, "stamps no list")
    for number, path in enumerate(lists, 1):
        with package.about(path):
            require(path == f"evidence/{number:04}.sha256", "leaves a gap in the numbers")
            covered = {name: hexhash(data) for name, data in package.files.items()
                       if not name.startswith("evidence/") or name < path and name[9:13] < f"{number:04}"}
            entries = hash_list(package.files[path])
            names = [name for _, name in entries]
            require(names == sorted(set(names), key=lambda name: name.encode()), "is not sorted by path")
            for value, name in entries:
                if covered.get(name) != value:
                    package.bad(name, f"was altered or removed since {path}")
            for name in set(covered) - set(names):
                package.bad(name, f"is not listed in {path}")
        with package.about(path[:-6] + "tsr"):
            when = package.check_stamp(path)
            require(when >= before, "is older than what it covers")
            before = when


# Step 2: root, chain, revocation lists, manifest.

def check_chain(package, root_hash):
    blocks = None
    with package.about("root.pem"):
        blocks = pem_blocks(package.read("root.pem"))
        require(len(blocks) == 1, "is not one certificate")
        root = Certificate(blocks[0])
        require(hexhash(blocks[0]) == package.manifest["root"], "is not the root of the manifest")
        require(root_hash in (None, hexhash(blocks[0])), "is not the root you trust")
    with package.about("chain.pem"):
        ders = pem_blocks(package.read("chain.pem"))
        chain = [Certificate(der) for der in ders]
        require(len(chain) == 3 + len(package.manifest["token_issuers"]),
                "does not hold root, issuing CA, Ballot CA and a registrar CA for each issuer")
        require(blocks is not None and ders[0] == blocks[0], "does not begin with root.pem")
        require(len(set(ders)) == len(ders) and len({ca.subject for ca in chain}) == len(chain),
                "has a certificate twice")
        if base64.b64encode(ders[2]).decode() != package.manifest["ballot_ca"]:
            package.bad("manifest.json", "names another Ballot CA than chain.pem holds")  # either may be the altered one
            raise Malformed("has another Ballot CA than the manifest")
        root, issuing, *others = chain
        package.trusted = package.read("chain.pem")
        for ca, issuer in [(root, root), (issuing, root), *((other, issuing) for other in others)]:
            check_ca(package, ca, issuer)
        words = re.split(r"[^A-Za-z0-9._-]+", others[0].common_name())
        require(package.manifest["id"] in words, "has a Ballot CA whose common name does not hold the election id")
        package.chain, package.issuing, package.ballot_ca = chain, issuing, others[0]


def check_ca(package, ca, issuer):
    require(ca.issuer == issuer.subject and package.openssl.signed(issuer.key, ca.signature, ca.tbs),
            "has a certificate that is not signed by the one above it")
    at = package.verify_at()
    require(seconds(ca.begins) <= at <= seconds(ca.ends), "has a certificate that was not valid at verify_at")
    critical, usage = ca.extensions.get(KEY_USAGE, (False, b""))
    require(critical and usage == b"\3\2\1\6", "has a certificate that is not for signing certificates and lists")
    require(ca.extensions.get("2.5.29.19", (False, b""))[1][2:5] == b"\1\1\xff", "has a certificate that is no CA")
    if ca is not issuer:
        key_id = parse(issuer.extensions[KEY_ID][1], 4).body
        require(ca.extensions.get(AUTHORITY_KEY_ID, (0, b""))[1] == b"\x30\x16\x80\x14" + key_id,
                "has a certificate of another key")


def check_revocation_lists(package):
    names = ["root", "issuing-ca", "ballot-ca", *(f"registrar-ca-{issuer}"
                                                  for issuer in package.manifest["token_issuers"])]
    for ca, stem in zip(package.chain, names):
        with package.about(f"crl/{stem}.pem"):
            blocks = pem_blocks(package.read(f"crl/{stem}.pem"), "X509 CRL")
            require(len(blocks) == 1, "is not one revocation list")
            revocations = RevocationList(blocks[0])
            require(revocations.issuer == ca.subject, "is the list of another CA")
            require(package.openssl.signed(ca.key, revocations.signature, revocations.tbs), "is not signed by its CA")
            require(seconds(revocations.begins) >= seconds(package.manifest["voting"]["closes"]),
                    "is older than the end of voting")
            keeps = revocations.extensions.get(EXPIRED_CERTIFICATES)
            require(keeps is not None and seconds(parse(keeps, GENERALIZED).time()) <= seconds(ca.begins),
                    "does not say that it keeps the expired certificates of its CA")
            require((revocations.ends == "99991231235959Z") == (stem == "ballot-ca"),
                    "ends although its CA is finished, or has no end although its CA is at work")
            package.revocations[ca.subject] = revocations.revoked
    for ca in package.chain:
        with package.about("chain.pem"):
            package.check_revocation(ca, package.verify_at())


def check_manifest(package):
    m = package.manifest
    with package.about("manifest.json.p7s"):
        package.check_signature(package.read("manifest.json.p7s"), "officer", package.files["manifest.json"])
    with package.about("manifest.json"):
        times = [m["claim"]["opens"], m["claim"]["closes"], m["voting"]["opens"], m["voting"]["closes"],
                 m["final_epoch_until"]]
        require(m["claim"]["opens"] < m["claim"]["closes"] and m["voting"]["opens"] < m["voting"]["closes"] < times[-1]
                or m["voting"]["closes"] == times[-1], "has windows out of order")
        require(seconds(m["verify_at"]) == seconds(m["voting"]["closes"]) - 1,
                "has a verify_at that is not a second before closing")
        ids = [contest["id"] for contest in m["contests"]]
        styles = [style["id"] for style in m["styles"]]
        for several in (ids, styles, m["token_issuers"], *(style["contests"] for style in m["styles"]),
                        *([who["id"] for who in contest["candidates"]] for contest in m["contests"])):
            require(len(set(several)) == len(several), "has an id twice")
        require(set(ids) == {one for style in m["styles"] for one in style["contests"]},
                "has styles and contests that do not fit")
        require(sum(style["voters"] for style in m["styles"]) == m["roll"]["size"],
                "has styles that do not add up to the roll")
        pairs = [(key["issuer"], key["style"]) for key in m["token_keys"]]
        require(sorted(pairs) == sorted((issuer, style) for issuer in m["token_issuers"] for style in styles),
                "does not have one token key for each issuer and style")
        require(len({key["key_id"] for key in m["token_keys"]}) == len(pairs), "has a token key twice")
        at = package.verify_at()
        package.check_path(Certificate(decode_base64(m["election_certificate"])), "election", at)
        package.check_path(Certificate(decode_base64(m["tsa_certificate"])), "tsa", at)


# Step 3: roll and claims.

def check_summary(package, path, lines_path, schema, role):
    """A signed summary with its sorted commitments; the summary, or nothing if it cannot be used."""
    summary, size = None, 0
    with package.about(path):
        summary = package.json(path, schema)
        size = summary["size"] if "size" in summary else summary["claims"]
        require(summary["election"] == package.manifest["id"], "is of another election")
        require(sum(summary["styles"].values()) == size, "has styles that do not add up")
        known = {style["id"] for style in package.manifest["styles"]}
        require(set(summary["styles"]) <= known, "has styles that the manifest does not have")
    with package.about(f"{path}.p7s"):
        package.check_signature(package.read(f"{path}.p7s"), role, package.read(path))
    with package.about(lines_path):
        data = package.read(lines_path)
        require(re.fullmatch(rb"([0-9a-f]{64}\n)*", data), "is not one hash in hex per line")
        lines = data.decode().split()
        require(lines == sorted(set(lines)), "is unsorted or has a line twice")
        if summary:
            require(len(lines) == size, "has another number of lines than its summary")
            require(tree_root([bytes.fromhex(line) for line in lines]).hex() == summary["root"],
                    "has another root than its summary")
    return summary


def check_roll_and_claims(package):
    m, claims = package.manifest, []
    roll = check_summary(package, "roll/roll.json", "roll/commitments.txt", "roll-summary", "officer")
    if roll:
        with package.about("roll/roll.json"):
            require((roll["size"], roll["root"]) == (m["roll"]["size"], m["roll"]["root"]),
                    "is not the roll of the manifest")
            require(roll["styles"] == {style["id"]: style["voters"] for style in m["styles"]},
                    "has other styles than the manifest")
    for issuer in m["token_issuers"]:
        path = f"claims/{issuer}.json"
        summary = check_summary(package, path, f"claims/{issuer}.txt", "claims-summary", "registrar")
        if summary:
            with package.about(path):
                require(summary["issuer"] == issuer, "is of another issuer")
                for style in m["styles"]:
                    require(summary["styles"].get(style["id"], 0) <= style["voters"],
                            f"has more of style {style['id']} than the roll")
            claims.append((path, summary))
    return roll, claims


# Step 4: epochs and log.

def check_epochs(package):
    """The leaves in the order of the log."""
    m, leaves, before = package.manifest, [], seconds(package.manifest["voting"]["opens"])
    lists = sorted(path for path in package.files if re.fullmatch(r"epochs/[0-9]{4}\.sha256", path))
    for path in sorted(set(path[:11] for path in package.files if path.startswith("epochs/")
                           and path.endswith(".tsr"))):
        if f"{path}.sha256" not in package.files:
            package.bad(f"{path}.tsr", "stamps no list")
    for number, path in enumerate(lists, 1):
        with package.about(path):
            require(path == f"epochs/{number:04}.sha256", "leaves a gap in the numbers")
            entries = hash_list(package.files[path])
            for leaf, name in entries:
                require(name == f"ballots/{leaf[:2]}/{leaf}.p7m", "lists something that is not the place of a ballot")
            own = [leaf for leaf, _ in entries]
            for leaf in set(own) & set(leaves):
                package.bad(f"ballots/{leaf[:2]}/{leaf}.p7m", "is in more than one epoch")
            leaves += own
            require(own == sorted(set(own)), "is not in order, or has a ballot twice")
            require(len(own) >= m["epoch"]["min_ballots"] or len(lists) == 1,
                    f"has fewer than {m['epoch']['min_ballots']} ballots")
        with package.about(path[:-6] + "tsr"):
            when = package.check_stamp(path)
            require(when >= before, "is older than the epoch before or the opening")
            require(when <= seconds(m["final_epoch_until"]), "is later than final_epoch_until")
            before = when
    package.last_stamp = before
    there = {path for path in package.files if path.startswith("ballots/")}
    for leaf in leaves:
        path = f"ballots/{leaf[:2]}/{leaf}.p7m"
        if path not in there or hexhash(package.files[path]) != leaf:
            package.bad(path, "is missing or altered, but stands in an epoch")
    for path in there - {f"ballots/{leaf[:2]}/{leaf}.p7m" for leaf in leaves}:
        package.bad(path, "is in no epoch")
    return leaves


def tile_name(number):
    text = f"{number % 1000:03}"
    while number := number // 1000:
        text = f"x{number % 1000:03}/{text}"
    return text


def expected_tiles(leaves):
    """C2SP tlog-tiles: every file below log/tile with its bytes."""
    entries = [bytes.fromhex(leaf) for leaf in leaves]
    levels, tiles = [[sha256(b"\0" + entry) for entry in entries]], {}
    while len(levels[-1]) >= 256:
        row = levels[-1][:len(levels[-1]) // 256 * 256]
        for _ in range(8):
            row = [sha256(b"\1" + row[at] + row[at + 1]) for at in range(0, len(row), 2)]
        levels.append(row)
    rows = [(str(level), row) for level, row in enumerate(levels)] + [("entries",
                                                                       [b"\0\x20" + entry for entry in entries])]
    for label, row in rows:
        for start in range(0, len(row), 256):
            part = row[start:start + 256]
            tiles[f"log/tile/{label}/{tile_name(start // 256)}"
                  + (f".p/{len(part)}" if len(part) < 256 else "")] = b"".join(part)
    return tiles


def check_log(package, leaves):
    m, root = package.manifest, tree_root([bytes.fromhex(leaf) for leaf in leaves])
    with package.about("log/checkpoint"):
        note = package.read("log/checkpoint")
        require(len(note) <= 1 << 16 and note.count(b"\n\n") == 1, "is not text, an empty line and signatures")
        text, _, signatures = note.partition(b"\n\n")
        text += b"\n"
        origin = m["log"]["origin"]
        stated = f"{origin}\n{len(leaves)}\n{base64.b64encode(root).decode()}\n".encode()
        require(text == stated, "does not state the origin, size and root of the log of these ballots")
        name, key_id, encoded = m["log"]["key"].split("+", 2)
        key = decode_base64(encoded)
        require(name == origin and len(key) == 33 and key[0] == 1 and
                sha256(name.encode() + b"\n" + key)[:4].hex() == key_id,
                "has a log key in the manifest that is not well-formed")
        lines, own = signatures.split(b"\n"), 0
        require(lines.pop() == b"" and 1 <= len(lines) <= 64, "has a wrong number of signature lines")
        for line in lines:
            match = re.fullmatch("— ([!-*,-~]+) ([A-Za-z0-9+/=]+)", line.decode("utf-8", "replace"))
            require(match, "has a malformed signature line")
            signature = decode_base64(match[2])
            if match[1] == name and signature[:4].hex() == key_id:
                spki = bytes.fromhex("302a300506032b6570032100") + key[1:]
                require(len(signature) == 68 and package.openssl.run(
                    "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "@key", "-rawin", "-in", "@note",
                    "-sigfile", "@sig",
                    key=spki, note=text, sig=signature[4:])[0], "is not signed by the log key of the manifest")
                own += 1
        require(own, "is not signed by the log key of the manifest")
    tiles = expected_tiles(leaves)
    for path in sorted(set(tiles) | {path for path in package.files if path.startswith("log/tile/")}):
        with package.about(path):
            require(path in tiles, "is no tile of a log of this size")
            require(package.read(path) == tiles[path], "is not what the leaves give")
    return root


# Step 5: ballots and results.

def check_ballots(package, leaves):
    """The ballots of good form by leaf."""
    ballots, keys = {}, {}
    rules = None
    with package.about("manifest.json"):
        rules = BallotRules(package, Certificate(decode_base64(package.manifest["election_certificate"])),
                            package.files.get("election-key.pem", b""))
    if rules is None or package.ballot_ca is None:
        return ballots

    def check(path):
        try:
            return Ballot(rules, package.files[path])
        except Malformed as problem:
            return problem

    paths = sorted(path for path in package.files if path.startswith("ballots/"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path, ballot in zip(paths, pool.map(check, paths)):
            if isinstance(ballot, Malformed):
                package.bad(path, str(ballot))
                continue
            if ballot.spki in keys:
                package.bad(path, f"is by the same key as {keys[ballot.spki]}")
            keys.setdefault(ballot.spki, path)
            ballots[hexhash(package.files[path])] = ballot
    listed = set(leaves)
    ballots = {leaf: ballot for leaf, ballot in ballots.items() if leaf in listed}
    mark_repeated(ballots)
    return ballots


def merge_small(cast, smallest):
    """Styles with fewer ballots than the manifest's report_min_group become `other`; those without one are left out."""
    merged = collections.Counter()
    for style, number in cast.items():
        merged[style if number >= smallest else "other"] += number
    return dict(merged)


def recounted(package, leaves, ballots, root, roll, claims):
    """results.json as it has to be, but for what the package cannot show: redeemed, and the explanations."""
    m, valid = package.manifest, [ballot for ballot in ballots.values() if ballot.rule is None]
    blank = sum(not any(ballot.choices.values()) for ballot in valid)
    seed = hexhash(package.files.get("log/checkpoint", b""))
    contests = [{"id": contest["id"], "result": count_contest(contest, [
        ballot.choices[contest["id"]] for ballot in valid if contest["id"] in ballot.choices], seed)}
        for contest in m["contests"]]
    return {"cast_by_style": merge_small(collections.Counter(ballot.style for ballot in ballots.values()),
                                         m["report_min_group"]),
            "contests": contests, "election": m["id"], "log": {"root": root.hex(), "size": len(leaves)},
            "invalid": [{"leaf": leaf, "rule": ballots[leaf].rule} for leaf in sorted(ballots) if ballots[leaf].rule],
            "manifest": hexhash(package.files["manifest.json"]), "version": 1,
            "totals": {"blank": blank, "cast": len(leaves), "claimed": min([summary["claims"] for _, summary in claims],
                                                                           default=0),
                       "invalid": len(ballots) - len(valid), "roll": roll["size"] if roll else 0,
                       "valid": len(valid) - blank}}


def differences(stated, own, where=""):
    """What `stated` has otherwise than the recount, a line per place; redeemed, explanations, notes are only stated."""
    if isinstance(stated, dict) and isinstance(own, dict):
        for key in sorted(set(stated) | set(own)):
            if key in stated and key in own:
                yield from differences(stated[key], own[key], f"{where}/{key}")
            elif key not in ("redeemed", "explanation", "note"):
                yield f"{where}/{key} is there only in the {'results' if key in stated else 'recount'}"
    elif isinstance(stated, list) and isinstance(own, list):
        if len(stated) != len(own):
            yield f"{where} has {len(stated)} entries, the recount {len(own)}"
        for number, pair in enumerate(zip(stated, own)):
            yield from differences(*pair, f"{where}/{number}")
    elif stated != own or isinstance(stated, bool) != isinstance(own, bool):
        yield f"{where} says {stated}, the recount {own}"


def check_results(package, own, ballots, claims):
    path, stated = "results/results.json", None
    with package.about(path):
        stated = package.json(path, "results")
        for difference in list(differences(stated, own))[:20]:
            package.bad(path, difference[1:])
        totals = stated["totals"]
        require(totals["cast"] <= totals["redeemed"] <= totals["claimed"] <= totals["roll"],
                "has books that do not balance")
    with package.about(f"{path}.p7s"):
        package.check_signature(package.read(f"{path}.p7s"), "officer", package.read(path))
    for claim_path, summary in claims:
        for style, cast in collections.Counter(ballot.style for ballot in ballots.values()).items():
            if cast > summary["styles"].get(style, 0):
                package.bad(claim_path, f"has fewer claims than ballots of style {style}")
    with package.about("results/results.csv"):
        require(package.read("results/results.csv") == results_csv(own), "is not the table of the recount")
    with package.about("results/rounds.txt"):
        require(stated is None or package.read("results/rounds.txt") == rounds_text(stated),
                "is not the text of results.json")
    valid = [ballot for ballot in ballots.values() if ballot.rule is None]
    for contest in package.manifest["contests"]:
        with package.about(f"results/{contest['id']}.blt"):
            given = package.read(f"results/{contest['id']}.blt")
            require(given == blt(contest, [ballot.choices[contest["id"]] for ballot in valid
                                           if contest["id"] in ballot.choices]),
                    "does not hold the valid ballots of this contest")


def results_csv(own):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["contest", "round", "candidate", "name", "votes", "elected"])
    for contest in own["contests"]:
        names = {candidate["id"]: candidate["name"] for candidate in contest["result"]["candidates"]}
        elected = set()
        for entry in contest["result"]["rounds"]:
            elected |= {event["candidate"] for event in entry["events"] if event["event"] == "elected"}
            for tally in entry["tallies"]:
                who = tally["candidate"]
                writer.writerow([contest["id"], entry["round"], who, names[who], tally["votes"], "yes"
                                 if who in elected else "no"])
    return out.getvalue().encode()


def pairwise_text(pairwise, names, width):
    """The tables of a Schulze count, unless there are more than LARGEST_TABLE candidates."""
    weakest = "votes for its weakest link" if "opposition" in pairwise else "margin of its weakest link"
    headings = {"preferred": "Ballots that rank the row above the column", "opposition": "Votes against that link",
                "paths": f"Strongest path from the row to the column: {weakest}"}
    ids, out = pairwise["candidates"], []
    for kind in ("preferred", "paths", "opposition") if len(ids) <= LARGEST_TABLE else ():
        if kind in pairwise:
            columns = len(str(max(9999, *(votes for row in pairwise[kind] for votes in row)))) + 1
            out += ["", headings[kind], " " * (7 + width) + "".join(f"{number:>{columns}}"
                                                                    for number in range(1, len(ids) + 1))]
            for at, row in enumerate(pairwise[kind]):
                cells = "".join(f"{'-' if at == column else votes:>{columns}}" for column, votes in enumerate(row))
                out.append(f"  {at + 1:<5}{names[ids[at]]:{width}}{cells}")
    return out


def rounds_text(results):
    """results/rounds.txt: every contest of results.json for people to read."""
    out = []
    for result in (contest["result"] for contest in results["contests"]):
        names = {candidate["id"]: candidate["name"] for candidate in result["candidates"]}
        width = max(map(len, [*names.values(), "(left over by rounding)"]))
        rules = result["rules"]
        out += [result["title"]] * bool(result["title"])
        seats = f"{rules['seats']} seat{'s' * (rules['seats'] != 1)}"
        out.append(f"{rules['method']}, {seats}; {result['ballots']} ballots: "
                   f"{result['valid']} valid, {result['blank']} blank, {result['invalid']} invalid")
        out += pairwise_text(result["pairwise"], names, width) if "pairwise" in result else []
        for entry in result["rounds"]:
            marks = {tally["candidate"]: "elected before" for tally in entry["tallies"] if tally["status"] == "elected"}
            marks = {event["candidate"]: event["event"] for event in entry["events"]} | marks
            lines = [(names[tally["candidate"]], tally["votes"], marks.get(tally["candidate"], ""))
                     for tally in entry["tallies"]]
            lines += [(text, entry[kind], "") for text, kind in (("(exhausted)", "exhausted"),
                                                                 ("(left over by rounding)", "residue"))
                      if entry[kind] != "0"]
            out += ["", f"Round {entry['round']}" + (f" (threshold {entry['threshold']})"
                                                     if "threshold" in entry else "")]
            for text, votes, mark in lines:
                whole, point, fraction = votes.partition(".")
                out.append(f"  {text:{width}}{whole:>14}{point + fraction:7}  {mark}".rstrip(" "))
            out += [f"  - {event['explanation']}" for event in entry["events"]]
        out += ["", result["note"]] if "note" in result else []
        out += ["", "Elected:", *(f"  {place}. {names[who]}" for place, who in enumerate(result["winners"], 1))]
        out += [f"  (seats not filled: {result['unfilled_seats']})"] if result["unfilled_seats"] else []
    return ("\n".join(out) + "\n").encode()


def blt(contest, ballots):
    ids = [candidate["id"] for candidate in contest["candidates"]]
    lines = sorted(collections.Counter(tuple(ids.index(who) + 1 for who in choices) for choices in ballots).items())
    quoted = [f'"{text}"' for text in (*(candidate["name"] for candidate in contest["candidates"]), contest["title"])]
    return "\n".join([f"{len(ids)} {contest['rules']['seats']}", *(" ".join(map(str, [times, *line, 0])) for line,
                                                                   times in lines), "0", *quoted,
                      ""]).encode()


def verify(folder, root_hash=None, openssl=None):
    """The package with all findings about it; raises OSError or Malformed when there is no package to look at."""
    package = Package(folder, openssl or OpenSsl())
    package.load()
    require("manifest.json" in package.files, "there is no manifest.json")
    with package.about("manifest.json"):
        package.manifest = package.json("manifest.json", "manifest")
    if package.manifest is None:
        return package
    package.last_stamp = 0
    check_layout(package)
    check_chain(package, root_hash)
    if package.chain:
        check_revocation_lists(package)
        check_manifest(package)
        roll, claims = check_roll_and_claims(package)
        leaves = check_epochs(package)
        root = check_log(package, leaves)
        check_trustees(package)
        ballots = check_ballots(package, leaves)
        check_results(package, recounted(package, leaves, ballots, root, roll, claims), ballots, claims)
        check_evidence(package)
    return package


def main(arguments):
    fingerprint = arguments[1].replace(":", "").lower() if len(arguments) == 2 else None
    if len(arguments) not in (1, 2) or fingerprint is not None and not re.fullmatch("[0-9a-f]{64}", fingerprint):
        print("usage: verifier.py PACKAGE [ROOT_SHA256]", file=sys.stderr)
        return 2
    try:
        require(Path(arguments[0]).is_dir(), "there is no such folder")
        package = verify(arguments[0], fingerprint)
    except (OSError, Malformed) as problem:
        print(f"verifier.py: {arguments[0]}: {problem}", file=sys.stderr)
        return 2
    for file, what in package.findings:
        print(f"BAD  {file}: {what}".encode("unicode_escape").decode())
    if package.findings:
        return 1
    if fingerprint is None:
        print(f"compare the root with the one the authority published: {package.manifest['root']}")
    print(f"GOOD {package.manifest['id']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
