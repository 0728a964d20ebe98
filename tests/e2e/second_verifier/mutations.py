"""Every way in which the packages of the test are wrong, as data: a name, what the insiders are told, and the file that
both verifiers have to name."""
import base64
import json

from asn1 import NULL, SET, SignedMessage, oid, tlv
from canonical import canonical
from insider import CONTESTS, VOTES, Key, Signer, cms, pem, sequence
from package import hexhash


def flip(data):
    at = len(data) * 2 // 3
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def gone(_):
    return None


def always(value):
    return lambda _: value


def member(**changed):
    return lambda data: canonical(json.loads(data) | changed).encode()


def in_manifest(**changed):
    return {"manifest": lambda m: m | {key: value(m[key]) if callable(value) else value for key,
                                       value in changed.items()}}


def in_result(change):
    def changed(value):
        again = json.loads(json.dumps(value))
        change(again, again["contests"][0]["result"])
        return again
    return {"results": changed}


def in_vote(**changed):
    return {"vote": lambda vote: vote | changed}


def ballot_flaws(i):
    """Flaws of one ballot file: none of these may be accepted or counted."""
    stranger = Signer(i.ballot_ca.der, Key())
    attribute = tlv(0xA1, sequence(oid("1.2.840.113549.1.9.15"), tlv(SET, tlv(NULL))))
    window = ["20260323090000Z", "20260328090000Z"]
    return {
        "s above n/2": {"cms": {"high_s": True}}, "unsigned attribute": {"cms": {"unsigned": attribute}},
        "second certificate": {"cms": {"extra": i.officer.der}}, "signing time": {"cms": {"time": "20260325100000Z"}},
        "no certificate": {"cms": {"certificates": b""}}, "length not minimal": {"outer": lambda data: b"\x30\x83\0"
                                                                                 + data[2:]},
        "byte after the end": {"outer": lambda data: data + b"\0"}, "cut short": {"outer": lambda data: data[:-1]},
        "forged token": {"forge": True}, "token of another election": {"token_election": "gnome-27"},
        "no token": {"tokens": 0},
        "token of another key": {"token_key": Key()}, "two tokens": {"tokens": 2}, "token version 2":
            {"token_version": 2},
        "longer window": {"certificate": {"window": window}}, "random serial number":
            {"certificate": {"serial": b"\x41" + bytes(19)}},
        "random name": {"certificate": {"name": "00000000-0000-8000-8000-000000000000"}},
        "certificate of another election": {"certificate": {"election": "gnome-27"}}, "role of voters":
            {"certificate": {"role": 5}},
        "token extension critical": {"certificate": {"critical": b"\1\1\xff"}}, "by the issuing CA": {"ca": i.issuing},
        "by a forged Ballot CA": {"ca": stranger}, "two recipients": {"envelope": {"recipients": 2}},
        "length of the tag not stated": {"envelope": {"icv": b""}}, "for another recipient":
            {"recipient": i.officer.certificate},
        "not encrypted": {"inner": b'{"vote":"open"}'}, "byte after the envelope": {"wrap": lambda inner: inner
                                                                                    + b"\0"},
        "another type of content": {"cms": {"kind": "1.2.840.113549.1.7.5"}}}


def invalid_votes():
    """Flaws of the vote inside a ballot of good form: it must be called invalid for exactly this rule."""
    hidden = Key()
    north = [{"choices": ["m3", "m4"], "id": "mayor"}, {"choices": ["b1"], "id": "board"}]
    return {
        "ballot.manifest": in_vote(manifest="0" * 64), "ballot.copied": {"vote_key": Key()},
        "vote.style": {"token_style": "south"},
        "ballot.open": {"wrap": flip}, "ballot.plaintext.size": {"size": 319}, "ballot.plaintext.pad": {"pad": "1"},
        "ballot.plaintext.malformed": {"plain": lambda text: text.replace(b'{"ballot"', b'{"Ballot"')},
        "vote.contest": in_vote(contests=[{"choices": [], "id": "treasurer"}]),
        "vote.style: a contest left out": in_vote(contests=north[:1]), "vote.style: contests in another order":
            in_vote(contests=north[::-1]),
        "vote.candidate": in_vote(contests=[{"choices": ["m9"], "id": "mayor"}, north[1]]),
        "vote.repeated": in_vote(contests=[{"choices": ["m1", "m1"], "id": "mayor"}, north[1]]),
        "vote.choices": in_vote(contests=[north[0], {"choices": ["b1", "b2", "b3", "b4"], "id": "board"}]),
        "ballot.repeated_ephemeral": {"ephemeral": hidden}}


def ceremony_lies(i):
    """The last message of the ceremony signed again with something else in it; transcript and manifest know."""
    transcript = json.loads(i.good["trustees/transcript.json"])
    last = len(transcript["messages"])
    path = f"trustees/ceremony/{last:04}.p7m"
    content = json.loads(message_content(i.good[path]))

    def rehearsed(text):
        return {f"trustees/rehearsal-{number}.csr": always(i.rehearsal(number, text)) for number in (1, 2, 3)}

    def lie(change, signer=2, **changed):
        value = content | changed
        data = cms(change(canonical(value).encode()), i.trustees[signer], time="20260302090000Z")
        messages = [*transcript["messages"][:-1], transcript["messages"][-1] | {"sha256": hexhash(data)}]
        text = canonical(transcript | {"messages": messages}).encode()
        return {"votes": VOTES[:4], "files": {path: always(data), "trustees/transcript.json": always(text),
                                              **rehearsed(text)},
                **in_manifest(trustees=lambda stated: stated | {"transcript": hexhash(text)})}

    def transcript_lie(**changed):
        text = canonical(transcript | changed).encode()
        return {"votes": VOTES[:4], "files": {"trustees/transcript.json": always(text), **rehearsed(text)},
                **in_manifest(trustees=lambda stated: stated | {"transcript": hexhash(text)})}

    same, messages = (lambda data: data), transcript["messages"]
    return {
        "confirms another point": (lie(same, share_point=transcript["share_points"][0]), "trustees/"),
        "has seen another board": (lie(same, seen="0" * 64), "trustees/"),
        "message by another trustee": (lie(same, signer=0), "trustees/"),
        "message with another name": (lie(same, name="Trustee 4"), "trustees/"),
        "message of another version": (lie(same, version=2), "trustees/"),
        "message not canonical": (lie(lambda data: data + b"\n"), "trustees/"),
        "transcript with messages reordered": (transcript_lie(messages=messages[1::-1] + messages[2:]),
                                               "trustees/transcript.json"),
        "transcript without a confirm": (transcript_lie(messages=messages[:-1]), "trustees/"),
        "transcript with another joint key": (transcript_lie(joint_key=transcript["share_points"][0]),
                                              "trustees/transcript.json"),
        "transcript with share points swapped": (transcript_lie(share_points=transcript["share_points"][::-1]),
                                                 "trustees/transcript.json"),
        "transcript with dealers swapped": (transcript_lie(dealers=transcript["dealers"][::-1]), "trustees/"),
        "transcript with another plan": (transcript_lie(plan=transcript["plan"] | {"time": "2026-03-03T09:00:00Z"}),
                                         "trustees/transcript.json"),
        "transcript with another member": (transcript_lie(note="trust me"), "trustees/transcript.json")}


def message_content(data):
    return SignedMessage(data, signing_time=True).content


def documents(i):
    stranger = Signer(i.issuing.der, Key())
    made = {"by a trustee": i.trustees[0], "by the TSA": i.tsa, "by one who gave himself the role": i.leaf(11,
            issuer=i.trustees[0]),
            "by an officer of a forged CA": i.leaf(11, issuer=stranger), "by an officer whose time was over": i.leaf(11,
                    ends="20260310090000Z"),
            "by a voter": i.leaf(5)}
    out = {f"{path} {who}": ({"signers": {path: signer}}, path) for path in ("manifest.json", "results/results.json",
                                                                             "roll/roll.json")
           for who, signer in made.items()}
    out["claims by an officer"] = ({"signers": {"claims/registrar-1.json": i.officer}}, "claims/registrar-1.json")
    for path in ("epochs/0001.tsr", "evidence/0001.tsr"):
        number = "evidence" if "evidence" in path else 1
        out[f"{path} by an officer"] = ({"tsa": {number: i.officer}}, path)
        out[f"{path} by another TSA"] = ({"tsa": {number: i.leaf(7)}}, path)
    serial = i.officer.certificate.serial
    out["officer revoked before"] = ({"revoked": [(serial, "20260320090000Z", None)]}, "manifest.json")
    out["officer's key known to others before, revoked later"] = ({"revoked":
        [(serial, "20260329090000Z", "20260320090000Z")]}, "manifest.json")
    out["TSA revoked before its stamps"] = ({"revoked": [(i.tsa.certificate.serial, "20260302100000Z", None)]}, "")
    return out


def books(i):
    claims, roll = "claims/registrar-1.json", "roll/roll.json"
    lines = {"a line left out": lambda text: text[65:], "unsorted": lambda text: text[65:] + text[:65],
             "a line twice": lambda text: text[:65] + text[:-65], "another hash": lambda text: b"0" * 64 + text[64:],
             "no line end": lambda text: text[:-1]}
    out = {f"{path}: {what}": ({"files": {path: change}}, path.split("/", maxsplit=1)[0] + "/")
           for path in ("roll/commitments.txt", "claims/registrar-1.txt")
           for what, change in lines.items()}
    for what, path, change in (("another size", roll, member(size=99)), ("another election", roll,
                                                                         member(election="gnome-27")),
                               ("other styles", roll, member(styles={"north": 6, "south": 7})),
                               ("another root", roll, member(root="0" * 64)),
                               ("more than the roll", claims, member(claims=99)), ("another election", claims,
                                                                                   member(election="gnome-27")),
                               ("of a style more than the roll", claims, member(styles={"north": 9, "south": 2})),
                               ("another issuer", claims, member(issuer="city")),
                               ("fewer than ballots of a style", claims, member(styles={"north": 4, "south": 7})),
                               ("another root", claims, member(root="0" * 64)),
                               ("of an unknown style", claims, member(styles={"north": 5, "west": 6})),
                               ("one too few", claims, member(claims=10)),
                               ("not canonical", claims, lambda data: data + b"\n"),
                               ("unknown member", roll, member(note="x"))):
        out[f"{path}: {what}"] = ({"files": {path: change}}, path.split("/", maxsplit=1)[0] + "/")
    return out


def manifests(i):
    def keys(change):
        return lambda stated: [change(stated[0]), *stated[1:]]

    def another_point(stated):
        first, second, *rest = stated["members"]
        return stated | {"members": [first | {"share_point": second["share_point"]}, second, *rest]}

    contests = json.loads(json.dumps(CONTESTS))
    contests[0]["candidates"].append({"id": "m1", "name": "M again"})
    lies = {"verify_at an hour early": in_manifest(verify_at="2026-03-27T08:00:00Z"), "another root":
        in_manifest(root="0" * 64),
            "another id": in_manifest(id="gnome-27"), "another arc": in_manifest(arc="1.3.6.1.4.1.32474"),
            "an unknown member": in_manifest(note="x"),
            "key_id of another token key": in_manifest(token_keys=keys(lambda key: key | {"key_id": "0" * 64})),
            "a token key left out": in_manifest(token_keys=lambda stated: stated[:1]),
            "a token key of an unknown issuer": in_manifest(token_keys=keys(lambda key: key | {"issuer": "city"})),
            "another roll": in_manifest(roll=lambda stated: stated | {"size": 12}), "another threshold":
                in_manifest(trustees=lambda t: t | {"threshold": 3}),
            "another transcript": in_manifest(trustees=lambda t: t | {"transcript": "0" * 64}),
            "another trustee's share point": in_manifest(trustees=another_point),
            "a candidate twice": in_manifest(contests=contests), "another election certificate":
                in_manifest(election_certificate=b64(i.officer.der)),
            "another TSA": in_manifest(tsa_certificate=b64(i.officer.der)), "final_epoch_until before closing":
                in_manifest(final_epoch_until="2026-03-26T09:00:00Z"),
            "another log key": in_manifest(log=lambda log: log | {"key": log["key"][:-4]
                                                                  + ("AAAA" if log["key"][-4:] != "AAAA" else "BBBB")}),
            "a style with an unknown contest": in_manifest(styles=lambda s: [s[0]
                                                                             | {"contests": ["mayor", "treasurer"]},
                                                                             s[1]])}
    return {f"manifest: {what}": ({"votes": VOTES[:4], **told}, "") for what, told in lies.items()}


def b64(data):
    return base64.b64encode(data).decode()


def results(_):
    path = "results/results.json"
    swap = lambda row: row[0].update(votes=row[1]["votes"]) or row[1].update(votes="7")
    lies = {"votes altered": lambda all_, one: swap(one["rounds"][0]["tallies"]), "another winner": lambda all_,
            one: one.update(winners=["m1"]),
            "a round left out": lambda all_, one: one["rounds"].pop(), "a transfer altered": lambda all_,
            one: one["rounds"][0]["events"][0].update(transfers=[]),
            "tallies reordered": lambda all_, one: one["rounds"][0]["tallies"].reverse(), "a tie concealed":
                lambda all_, one: one["rounds"][-1]["events"][0].update(tied=["m1"]),
            "threshold altered": lambda all_, one: one["rounds"][0].update(threshold="2"), "exhausted altered":
                lambda all_, one: one["rounds"][-1].update(exhausted="5"),
            "a good ballot called invalid": lambda all_,
            one: all_["invalid"].append({"leaf": "0" * 64, "rule": "ballot.open"}),
            "one cast more": lambda all_, one: all_["totals"].update(cast=10), "one valid less": lambda all_,
            one: all_["totals"].update(valid=7),
            "redeemed fewer than cast": lambda all_, one: all_["totals"].update(redeemed=8),
            "redeemed more than claimed": lambda all_, one: all_["totals"].update(redeemed=12),
            "claimed more than there are": lambda all_, one: all_["totals"].update(claimed=12), "another roll":
                lambda all_, one: all_["totals"].update(roll=14),
            "styles not merged": lambda all_, one: all_.update(cast_by_style={"north": 5, "south": 4}),
            "another log": lambda all_, one: all_["log"].update(root="0" * 64),
            "another manifest": lambda all_, one: all_.update(manifest="0" * 64), "another election": lambda all_,
            one: all_.update(election="gnome-27"),
            "contests reordered": lambda all_, one: all_["contests"].reverse(), "a contest left out": lambda all_,
            one: all_["contests"].pop(),
            "other rules": lambda all_, one: one["rules"].update(batch_elimination=True), "another seat unfilled":
                lambda all_, one: one.update(unfilled_seats=1),
            "another name of a candidate": lambda all_, one: one["candidates"][0].update(name="M One"),
            "an unknown member": lambda all_, one: one.update(comment="x")}
    out = {f"results: {what}": (in_result(change), path) for what, change in lies.items()}
    for file, change in (("results/results.csv", lambda text: text.replace(b"yes", b"no", 1)),
                         ("results/rounds.txt", lambda text: text.replace(b"Elected", b"Chosen", 1)),
                         ("results/board.blt", lambda text: text.replace(b"\n1 ", b"\n2 ", 1)),
                         ("results/mayor.blt", gone)):
        out[f"{file} altered"] = ({"files": {file: change}}, file)
    return out


def epochs_and_log(i):
    first, second = "epochs/0001", "epochs/0002"

    def tile(change):
        return {"files": {"log/tile/0/000.p/9": change}}

    return {
        "a ballot in no epoch": ({"epochs": lambda lists: [lists[0][1:], lists[1]]}, "ballots/"),
        "a ballot in two epochs": ({"epochs": lambda lists: [lists[0], sorted(lists[1] + lists[0][:1])]}, ""),
        "a ballot that is not there": ({"epochs": lambda lists: [lists[0], lists[1] + ["f" * 64]]}, ""),
        "an epoch in another order": ({"epochs": lambda lists: [lists[0][::-1], lists[1]]}, f"{first}.sha256"),
        "an epoch too small": ({"epochs": lambda lists: [sorted(lists[0][:2]), sorted(lists[0][2:] + lists[1])]},
                               f"{first}.sha256"),
        "epochs out of time": ({"stamps": {1: "20260327100000Z", 2: "20260326100000Z"}}, f"{second}.tsr"),
        "an epoch before the opening": ({"stamps": {1: "20260320100000Z"}}, f"{first}.tsr"),
        "an epoch after final_epoch_until": ({"stamps": {2: "20260329100000Z"}}, f"{second}.tsr"),
        "a stamp over another list": ({"files": {f"{first}.tsr": always(i.stamp(b"x", "20260325100000Z"))}}, first),
        "a stamp under another policy":
            ({"files": {f"{first}.tsr": lambda _: i.stamp(read(i, f"{first}.sha256"), "20260325100000Z", policy=6)}},
             f"{first}.tsr"),
        "a list in another form": ({"files": {f"{first}.sha256": lambda text: text.replace(b"  ", b" *")}},
                                   f"{first}.sha256"),
        "a path in a list altered": ({"files": {f"{first}.sha256": lambda text: text.replace(b".p7m", b".p7s", 1)}},
                                     f"{first}.sha256"),
        "an epoch left out": ({"files": {f"{first}.sha256": lambda text: text, f"{first}.tsr": gone}}, f"{first}"),
        "a checkpoint of other leaves": ({"files": {"log/checkpoint": lambda _: i.checkpoint(["0" * 64] * 9)}},
                                         "log/checkpoint"),
        "a checkpoint of another size": ({"files": {"log/checkpoint": lambda note: note.replace(b"\n9\n", b"\n8\n")}},
                                         "log/checkpoint"),
        "a checkpoint by another key":
            ({"files": {"log/checkpoint": lambda note: note.replace(note[-20:-10], b"A" * 10)}}, "log/checkpoint"),
        "a checkpoint with an extension line":
            ({"files": {"log/checkpoint": lambda note: note.replace(b"\n\n", b"\nx\n\n")}}, "log/checkpoint"),
        "a tile altered": (tile(flip), "log/tile/0/000.p/9"), "a tile cut": (tile(lambda data: data[:-32]),
                                                                             "log/tile/0/000.p/9"),
        "a tile missing": (tile(gone), "log/tile/0/000.p/9"),
        "entries reordered": ({"files": {"log/tile/entries/000.p/9": lambda data: data[34:] + data[:34]}},
                              "log/tile/entries/000.p/9"),
        "a tile too many": ({"files": {"log/tile/1/000": always(bytes(32))}}, "log/tile/1/000")}


def read(i, path):
    return (i.folder / path).read_bytes() if (i.folder / path).exists() else b""


def trustees(i):
    good, p = i.good, "trustees/"

    def checkpoint(signer, content=None):
        return lambda data: cms(content or message_checkpoint(data), i.trustees[signer])

    def message_checkpoint(data):
        return SignedMessage(data, signing_time=False).content

    told = {
        "another trustee's share": ({f"{p}share-1.pem": always(good[f"{p}share-2.pem"])}, f"{p}share-1.pem"),
        "a share too few": ({f"{p}share-1.pem": gone}, "trustees"), "a share without line end":
            ({f"{p}share-1.pem": lambda data: data[:-1]}, f"{p}share-1.pem"),
        "a share of a fourth trustee": ({f"{p}share-4.pem": always(good[f"{p}share-2.pem"])}, f"{p}share-4.pem"),
        "another election key": ({"election-key.pem": always(good[f"{p}share-2.pem"])}, "election-key.pem"),
        "no election key": ({"election-key.pem": gone}, "election-key.pem"), "rehearsals swapped":
            ({f"{p}rehearsal-1.csr": always(good[f"{p}rehearsal-2.csr"])}, f"{p}rehearsal-1.csr"),
        "a rehearsal for another election":
            ({f"{p}rehearsal-1.csr": always(i.rehearsal(1, good[f"{p}transcript.json"], "gnome-27"))},
                                             f"{p}rehearsal-1.csr"),
        "a rehearsal of another ceremony": ({f"{p}rehearsal-3.csr": always(i.rehearsal(3, b"{}"))},
                                            f"{p}rehearsal-3.csr"),
        "a rehearsal missing": ({f"{p}rehearsal-3.csr": gone}, f"{p}rehearsal-3.csr"), "a rehearsal badly signed":
            ({f"{p}rehearsal-2.csr": lambda data: flip(data)}, f"{p}rehearsal-2.csr"),
        "a checkpoint signed by another trustee": ({f"{p}checkpoint-1.p7m": checkpoint(1)}, f"{p}checkpoint-1.p7m"),
        "another checkpoint signed": ({f"{p}checkpoint-1.p7m": checkpoint(0, b"other\n")}, f"{p}checkpoint-1.p7m"),
        "a checkpoint signature missing": ({f"{p}checkpoint-2.p7m": gone}, "trustees"),
        "a checkpoint of a fourth trustee": ({f"{p}checkpoint-4.p7m": checkpoint(0, b"x")}, f"{p}checkpoint-4.p7m"),
        "a ceremony message missing": ({f"{p}ceremony/0005.p7m": gone}, "trustees/"),
        "a ceremony message too many": ({f"{p}ceremony/0099.p7m": checkpoint(0, b"x")}, p),
        "a transcript that is not that of the manifest":
            ({f"{p}transcript.json": lambda data: data.replace(b'"attempt":1', b'"attempt":2')}, "")}
    return {what: ({"files": files}, named) for what, (files, named) in told.items()}


def lists_and_chain(i):
    chain = [pem("CERTIFICATE", der) for der in (*i.chain[:2], i.ballot_ca.der, *i.chain[3:])]
    forged = i.revocation_list(i.issuing, key=Key())
    other = i.leaf(11)
    told = {
        "a revocation list missing": ({"crl/ballot-ca.pem": gone}, "crl/ballot-ca.pem"),
        "a revocation list of another CA": ({"crl/root.pem": always(i.revocation_list(i.issuing))}, "crl/root.pem"),
        "a forged revocation list": ({"crl/issuing-ca.pem": always(forged)}, "crl/issuing-ca.pem"),
        "a revocation list from before closing":
            ({"crl/issuing-ca.pem": always(i.revocation_list(i.issuing, begins="20260310090000Z"))},
             "crl/issuing-ca.pem"),
        "a revocation list that forgets": ({"crl/issuing-ca.pem": always(i.revocation_list(i.issuing, keeps=None))},
                                           "crl/issuing-ca.pem"),
        "a revocation list that forgot":
            ({"crl/issuing-ca.pem": always(i.revocation_list(i.issuing, keeps="20260310090000Z"))},
             "crl/issuing-ca.pem"),
        "a revocation list without end":
            ({"crl/issuing-ca.pem": always(i.revocation_list(i.issuing, ends="99991231235959Z"))},
             "crl/issuing-ca.pem"),
        "a last revocation list with an end":
            ({"crl/ballot-ca.pem": always(i.revocation_list(i.ballot_ca, ends="20260403090100Z"))},
             "crl/ballot-ca.pem"),
        "two revocation lists in one file": ({"crl/issuing-ca.pem": lambda text: text + text}, "crl/issuing-ca.pem"),
        "a revocation list of an unknown issuer": ({"crl/registrar-ca-city.pem": always(good_list(i))},
                                                   "crl/registrar-ca-city.pem"),
        "the Ballot CA revoked":
            ({"crl/issuing-ca.pem": always(i.revocation_list(i.issuing,
                                                             [(i.ballot_ca.certificate.serial, "20260320090000Z",
                                                               None)]))}, ""),
        "chain without a registrar CA": ({"chain.pem": always(b"".join(chain[:3]))}, "chain.pem"),
        "chain in another order": ({"chain.pem": always(b"".join(chain[1::-1] + chain[2:]))}, "chain.pem"),
        "chain with a leaf": ({"chain.pem": always(b"".join([*chain[:3], pem("CERTIFICATE", other.der)]))},
                              "chain.pem"),
        "chain with a CA twice": ({"chain.pem": always(b"".join([*chain, chain[2]]))}, "chain.pem"),
        "chain with the demo's Ballot CA": ({"chain.pem": always(i.good["chain.pem"])}, "chain.pem"),
        "chain with more text": ({"chain.pem": lambda text: text + b"more\n"}, "chain.pem"), "another root":
            ({"root.pem": always(chain[1])}, "root.pem")}
    return {what: ({"files": files}, named) for what, (files, named) in told.items()}


def good_list(i):
    return i.good["crl/registrar-ca-registrar-1.pem"]


def layout(_):
    told = {"a file too many": ({"notes.txt": always(b"x")}, "notes.txt"), "a result of no contest":
        ({"results/treasurer.blt": always(b"x")}, "results/treasurer.blt"), "claims of nobody":
            ({"claims/city.txt": always(b"x")}, "claims/city.txt"),
            "a ballot that is no ballot": ({f"ballots/ab/{'ab' * 32}.p7m": always(b"x")},
                                           f"ballots/ab/{'ab' * 32}.p7m"), "a stamp of no epoch":
                                               ({"epochs/0009.tsr": always(b"x")}, "epochs/0009.tsr"),
            "no signature of the results": ({"results/results.json.p7s": gone}, "results/results.json"),
            "no transcript": ({"trustees/transcript.json": gone}, "trustees/transcript.json")}
    return {what: ({"files": files}, named) for what, (files, named) in told.items()}


def all_mutations(i):
    """name -> (what write() is told, the beginning of a file's name that both have to name)."""
    out = {f"ballot: {what}": ({"flaws": {3: flaw}}, "ballots/") for what, flaw in ballot_flaws(i).items()}
    shared = Key()
    out["ballot: two by one key"] = ({"flaws": {1: {"key": shared}, 3: {"key": shared}}}, "ballots/")
    for rule, flaw in invalid_votes().items():
        flaws = {3: flaw} if "ephemeral" not in flaw else {1: flaw, 3: flaw}
        out[f"counted although {rule}"] = ({"flaws": flaws}, "results/results.json")
        wrong = "vote.style" if "style" not in rule else "ballot.open"
        out[f"called invalid for another rule than {rule}"] = ({"flaws": {n: flaw | {"rule": wrong} for n in flaws}},
                                                               "results/results.json")
    for part in (documents, books, manifests, results, epochs_and_log, trustees, ceremony_lies, lists_and_chain,
                 layout):
        out |= part(i)
    return out


def only_the_second_verifier_finds(i):
    """What the text forbids and uvaudit still lets pass; whoever closes one of these gaps moves it to the others."""
    message = "trustees/ceremony/0099.p7m"
    return {
        "no README": ({"files": {"README.txt": gone}}, "README.txt"), "no verify.sh": ({"files": {"verify.sh": gone}},
                                                                                       "verify.sh"),
        "a ceremony message twice": ({"files": {message: always(i.good["trustees/ceremony/0002.p7m"])}},
                                     "trustees/ceremony/"),
        "evidence older than what it covers": ({"last": "20260324000000Z"}, "evidence/0001.tsr")}


def good_packages(i):
    """Packages that are right although something in them is unusual."""
    out = {f"invalid: {rule}": {"flaws": {3: flaw | {"rule": rule.split(":")[0]}}} for rule,
           flaw in invalid_votes().items() if "ephemeral" not in flaw}
    serial = i.officer.certificate.serial
    out["officer revoked after closing"] = {"revoked": [(serial, "20260327090000Z", None)]}
    out["officer revoked later, key known to others after closing"] = {"revoked":
        [(serial, "20260329090000Z", "20260328090000Z")]}
    transcript = i.good["trustees/transcript.json"]
    out["rehearsals made again"] = {"files": {f"trustees/rehearsal-{n}.csr": always(i.rehearsal(n, transcript))
                                              for n in (1, 2, 3)}}
    timed = lambda data: cms(SignedMessage(data, signing_time=False).content, i.trustees[0], time="20260328100000Z")
    out["a checkpoint signed with its time"] = {"files": {"trustees/checkpoint-1.p7m": timed}}
    witness = "\u2014 witness.example/w ".encode() + base64.b64encode(b"abcd" + bytes(64)) + b"\n"
    out["a witness of the log"] = {"files": {"log/checkpoint": lambda note: note + witness}}
    out["one epoch"] = {"epochs": lambda lists: [sorted(lists[0] + lists[1])]}
    out["epochs stamped at the same time"] = {"stamps": {1: "20260326100000Z", 2: "20260326100000Z"}}
    out["a last stamp at final_epoch_until"] = {"stamps": {2: "20260328090000Z"}}
    out["nobody chose anything"] = {"votes": [("north", [[], []])] * 4 + [("south", [[], []])] * 4}
    out["everybody ties"] = {"votes": [("north", [[f"m{n}"], [f"b{n}"]]) for n in range(1, 5)]
                             + [("south", [[f"i{n}"], [f"m{n}"]]) for n in range(1, 4)]}
    out["a smaller limit for groups"] = in_manifest(report_min_group=5)
    first, second = (f"trustees/ceremony/000{number}.p7m" for number in (1, 2))
    out["ceremony messages under other names"] = {"files": {first: always(i.good[second]),
                                                            second: always(i.good[first])}}
    out["trustees in another order"] = {"votes": VOTES[:4], **in_manifest(trustees=lambda t: t
                                                                          | {"members": t["members"][::-1]})}
    return out

