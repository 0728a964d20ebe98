"""A small election made again by insiders: authority, trustees, ceremony and election key are those of the demo's
election, whose keys lie beside its package; Ballot CA, token keys, log, roll and all ballots are new. Everybody takes
part in every lie that a test asks for, so that all signatures, stamps and hashes fit and only the thing is wrong."""
import base64
import collections
import hashlib
import json
import re
import secrets
import subprocess
from pathlib import Path

from asn1 import (BASE, BITS, EC_KEY, ECDSA_SHA256, ID_DATA, ID_ENVELOPED, ID_SIGNED, ID_TST, INTEGER, KEY_ID, NULL,
                  OCTETS, ORDERS,
                  P256, SEQUENCE, SET, SHA256, SHA384, UTF8, Certificate, SignedMessage, decode_point, der_time,
                  encode_point, multiply, name,
                  oid, parse, tlv)
from ballots import MGF1, PSS
from canonical import canonical
from cipher import gcm_encrypt, key_wrap
from package import hexhash, pem_blocks, sha256
from recount import count_contest
from trustees import read_private_key
from verifier import blt, expected_tiles, merge_small, results_csv, rounds_text, tree_root

ORDER = ORDERS[P256]


def integer(value):
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts):
    return tlv(SEQUENCE, *parts)


def octets(data):
    return tlv(OCTETS, data)


def pem(label, der):
    text = base64.b64encode(der)
    lines = b"".join(text[at:at + 64] + b"\n" for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n".encode() + lines + f"-----END {label}-----\n".encode()


class Key:
    """A private P-256 key of tests: neither constant in time nor careful with memory."""

    def __init__(self, scalar=None):
        self.scalar = scalar or secrets.randbelow(ORDER - 1) + 1
        self.point = encode_point(multiply(self.scalar, BASE))
        self.spki = sequence(sequence(oid(EC_KEY), oid(P256)), tlv(BITS, b"\0", self.point))

    def sign(self, message, high_s=False):
        digest = int.from_bytes(sha256(message), "big")
        nonce = secrets.randbelow(ORDER - 1) + 1
        r = multiply(nonce, BASE)[0] % ORDER
        s = pow(nonce, -1, ORDER) * (digest + r * self.scalar) % ORDER
        if (s > ORDER // 2) != high_s:
            s = ORDER - s
        return sequence(integer(r), integer(s))


class Signer:
    def __init__(self, certificate, key):
        self.der, self.key = certificate, key
        self.certificate = Certificate(certificate)
        self.identity = sequence(self.certificate.issuer, integer(self.certificate.serial))


def load_signer(certificate, key, password):
    """A certificate and its encrypted key, as the demo leaves them."""
    der = subprocess.run(["openssl", "pkey", "-in", key, "-passin", f"file:{password}", "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    scalar = next(int.from_bytes(der[at + 2:at + 34], "big") for at in range(len(der)) if der[at:at + 2] == b"\4\x20")
    return Signer(certificate if isinstance(certificate, bytes) else pem_blocks(Path(certificate).read_bytes())[0],
                  Key(scalar))


def cms(content, signer, detached=False, time=None, kind=ID_DATA, high_s=False, extra=b"", unsigned=b"",
        certificates=None):
    """SignedData of cms.md; `time` as YYYYMMDDhhmmssZ."""
    def attribute(number, value):
        return sequence(oid(number), tlv(SET, value))

    ess = sequence(sequence(sequence(octets(sha256(signer.der)),
                                     sequence(sequence(tlv(0xA4, signer.certificate.issuer)),
                                              integer(signer.certificate.serial)))))
    attributes = [attribute("1.2.840.113549.1.9.3", oid(kind)), attribute("1.2.840.113549.1.9.4",
                                                                          octets(sha256(content))),
                  attribute("1.2.840.113549.1.9.16.2.47", ess)]
    if time:
        attributes.append(attribute("1.2.840.113549.1.9.5", der_time(time)))
    body = b"".join(sorted(attributes))
    signature = signer.key.sign(tlv(SET, body), high_s)
    information = sequence(integer(1), signer.identity, sequence(oid(SHA256)), tlv(0xA0, body),
                           sequence(oid(ECDSA_SHA256)),
                           octets(signature), unsigned)
    data = sequence(oid(kind), b"" if detached else tlv(0xA0, octets(content)))
    signed = sequence(integer(1 if kind == ID_DATA else 3), tlv(SET, sequence(oid(SHA256))), data,
                      tlv(0xA0, signer.der if certificates is None else certificates, extra), tlv(SET, information))
    return sequence(oid(ID_SIGNED), tlv(0xA0, signed))


def envelope(plain, recipient, ephemeral, recipients=1, icv=b"\2\1\x10"):
    """AuthEnvelopedData of cms.md to the recipient's certificate."""
    shared = multiply(ephemeral.scalar, decode_point(recipient.key.bits))[0].to_bytes(32, "big")
    wrap = sequence(oid("2.16.840.1.101.3.4.1.45"))
    kek = sha256(shared + b"\0\0\0\1" + sequence(wrap, tlv(0xA2, octets(b"\0\0\1\0"))))
    content_key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
    ciphertext, mac = gcm_encrypt(content_key, nonce, plain)
    agreement = tlv(0xA1, integer(3), tlv(0xA0, tlv(0xA1, sequence(oid(EC_KEY)), tlv(BITS, b"\0", ephemeral.point))),
                    sequence(oid("1.3.132.1.11.1"), wrap),
                    sequence(sequence(sequence(recipient.issuer, integer(recipient.serial)),
                                      octets(key_wrap(kek, content_key)))))
    body = sequence(integer(0), tlv(SET, agreement * recipients),
                    sequence(oid(ID_DATA), sequence(oid("2.16.840.1.101.3.4.1.46"), sequence(octets(nonce), icv)),
                             tlv(0x80, ciphertext)),
                    octets(mac))
    return sequence(oid(ID_ENVELOPED), tlv(0xA0, body))


class TokenIssuer:
    """An RSA key for the tokens of one ballot style."""

    def __init__(self, issuer, style):
        der = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        der = base64.b64decode(b"".join(der.splitlines()[1:-1]))
        numbers = [node.integer() for node in parse(der).reader().rest()]
        self.n, self.e, self.d = numbers[1:4]
        sha = sequence(oid(SHA384))
        head = sequence(oid(PSS), sequence(tlv(0xA0, sha), tlv(0xA1, sequence(oid(MGF1), sha)), tlv(0xA2, integer(48))))
        self.spki = sequence(head, tlv(BITS, b"\0", sequence(integer(self.n), integer(self.e))))
        self.id, self.stated = sha256(self.spki), {"issuer": issuer, "key_id": hexhash(self.spki), "style": style,
                                                   "spki": base64.b64encode(self.spki).decode()}

    def token(self, election, spki, version=1):
        prefix, salt = secrets.token_bytes(32), secrets.token_bytes(48)
        message = sequence(tlv(UTF8, b"ballot-token-v1"), tlv(UTF8, election.encode()), octets(sha256(spki)))
        tag = hashlib.sha384(bytes(8) + hashlib.sha384(prefix + message).digest() + salt).digest()
        block = bytes(256 - 48 - 48 - 2) + b"\1" + salt
        mask = b"".join(hashlib.sha384(tag + number.to_bytes(4, "big")).digest() for number in range(6))
        masked = bytes(left ^ right for left, right in zip(block, mask))
        encoded = bytes([masked[0] & 127]) + masked[1:] + tag + b"\xbc"
        signature = pow(int.from_bytes(encoded, "big"), self.d, self.n).to_bytes(256, "big")
        return sequence(integer(version), octets(self.id), octets(prefix), octets(signature))


CONTESTS = [
    {"id": "mayor", "title": "Mayor", "rules": {"batch_elimination": False, "method": "irv", "seats": 1,
                                                "tie_break": "seed"},
     "candidates": [{"id": f"m{number}", "name": f"M {number}"} for number in range(1, 5)]},
    {"id": "board", "title": "Board", "rules": {"decimals": 4, "max_choices": 3, "method": "stv", "seats": 2,
                                                "threshold": "droop-fractional", "tie_break": "seed"},
     "candidates": [{"id": f"b{number}", "name": f"B \"{number}\" ü, x"} for number in range(1, 6)]},
    {"id": "ideas", "title": "Ideas", "rules": {"max_choices": 2, "method": "approval", "seats": 2,
                                                "tie_break": "candidate-order"},
     "candidates": [{"id": f"i{number}", "name": f"I {number}"} for number in range(1, 4)]}]
STYLES = {"north": ["mayor", "board"], "south": ["ideas", "mayor"]}
VOTES = [("north", [["m1", "m2"], ["b1", "b2"]]), ("north", [["m2"], ["b1", "b3", "b4"]]),
         ("south", [["i1", "i2"], ["m3", "m1"]]),
         ("north", [["m3", "m4"], ["b1"]]), ("south", [[], []]), ("north", [["m4", "m3"], ["b1", "b5"]]),
         ("south", [["i3"], ["m2"]]),
         ("north", [[], ["b2", "b3"]]), ("south", [["i1"], ["m1"]])]


class Insiders:
    """The demo's keys and the new ones; write() makes a package."""

    def __init__(self, demo, explain=None):
        """`explain` gives, by contest, the explanations of all events of a package and the note."""
        self.demo, self.explain, passwords = Path(demo), explain, Path(demo) / "passwords"
        self.good = {path.relative_to(self.demo / "election").as_posix(): path.read_bytes()
                     for path in (self.demo / "election").rglob("*") if path.is_file()}
        self.old = json.loads(self.good["manifest.json"])
        self.chain = pem_blocks(self.good["chain.pem"])
        authority = passwords / "authority"
        self.issuing = load_signer(self.chain[1], self.demo / "authority/keys/issuing-key.pem", authority)
        self.tsa = load_signer(base64.b64decode(self.old["tsa_certificate"]), self.demo / "authority/keys/tsa-key.pem",
                               authority)
        self.officer = load_signer(self.demo / "officer/officer.pem", self.demo / "officer/officer-key.pem",
                                   passwords / "officer-officer")
        claims = parse(self.good["claims/registrar-1.json.p7s"])
        self.registrar = load_signer(signer_certificate(claims.raw), self.demo / "registrar/keys/registrar-key.pem",
                                     passwords / "registrar")
        self.trustees = [load_signer(self.demo / f"trustee-{n}/trustee.pem", self.demo / f"trustee-{n}/trustee-key.pem",
                                     passwords / f"trustee-{n}-trustee") for n in (1, 2, 3)]
        self.election = Certificate(base64.b64decode(self.old["election_certificate"]))
        self.id, self.arc = self.old["id"], self.old["arc"]
        self.ballot_ca = self.new_ballot_ca()
        self.issuers = {style: TokenIssuer("registrar-1", style) for style in STYLES}
        self.log_key = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER"], check=True,
                                      stdout=subprocess.PIPE).stdout
        public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=self.log_key,
                                check=True,
                                stdout=subprocess.PIPE).stdout[-32:]
        origin = self.old["log"]["origin"]
        self.log_id = sha256(origin.encode() + b"\n\1" + public)[:4]
        self.log = {"origin": origin,
                    "key": f"{origin}+{self.log_id.hex()}+{base64.b64encode(b'%c' % 1 + public).decode()}"}
        self.made, self.flawed, self.stamped, self.stamps, self.explanations, self.asked = {}, {}, {}, 100, {}, None
        self.folder, self.held, self.ballots, self.voters = Path(), {}, [], {}

    def new_ballot_ca(self):
        """The demo's Ballot CA certificate with another key and serial number."""
        key, old = Key(), Certificate(self.chain[2])
        tbs = old.tbs.replace(old.key.spki, key.spki).replace(old.extensions[KEY_ID][1][2:], sha256(key.point)[:20])
        return Signer(self.signed(tbs.replace(old.serial.to_bytes(20, "big"), b"\x55" + secrets.token_bytes(19)),
                                  self.issuing.key), key)

    def signed(self, tbs, key):
        return sequence(tbs, sequence(oid(ECDSA_SHA256)), tlv(BITS, b"\0", key.sign(tbs)))

    def leaf(self, role, key=None, begins="20260302090000Z", ends="20280302090000Z", issuer=None):
        """A certificate of the issuing CA (or another) for anybody with this role number."""
        issuer, key = issuer or self.issuing, key or Key()
        authority = sequence(tlv(0x80, issuer.certificate.extensions[KEY_ID][1][2:]))
        extensions = [sequence(oid("2.5.29.15"), b"\1\1\xff", octets(b"\3\2\6\xc0")),
                      sequence(oid(KEY_ID), octets(octets(sha256(key.point)[:20]))),
                      sequence(oid("2.5.29.35"), octets(authority)),
                      sequence(oid("2.5.29.37"), octets(sequence(oid("1.3.6.1.5.5.7.3.2"), oid("1.3.6.1.5.5.7.3.4")))),
                      sequence(oid("2.5.29.32"), octets(sequence(sequence(oid(f"{self.arc}.1.{role}")))))]
        tbs = sequence(b"\xa0\3\2\1\2", integer(0x41 << 152 | secrets.randbits(150)), sequence(oid(ECDSA_SHA256)),
                       issuer.certificate.subject,
                       sequence(der_time(begins), der_time(ends)), name(("2.5.4.10", "U-Vote demo"),
                                                                        ("2.5.4.3", "Somebody")), key.spki,
                       tlv(0xA3, sequence(*extensions)))
        return Signer(self.signed(tbs, issuer.key), key)

    def revocation_list(self, ca, revoked=(), begins="20260327090100Z", ends=None, key=None,
                        keeps="20260302090000Z"):
        """`revoked`: (serial number, time, invalidity date or nothing). Only the Ballot CA's list has no end."""
        ends = ends or ("99991231235959Z" if ca is self.ballot_ca else "20260403090100Z")
        entries = []
        for serial, when, invalid in revoked:
            reason = sequence(oid("2.5.29.21"), octets(b"\x0a\1\1")) + sequence(oid("2.5.29.24"),
                                                                                octets(tlv(0x18, invalid.encode()))) \
                if invalid else sequence(oid("2.5.29.21"), octets(b"\x0a\1\4"))
            entries.append(sequence(integer(serial), der_time(when), sequence(reason)))
        authority = sequence(tlv(0x80, ca.certificate.extensions[KEY_ID][1][2:]))
        extensions = [sequence(oid("2.5.29.35"), octets(authority)), sequence(oid("2.5.29.20"), octets(integer(9))),
                      sequence(oid("2.5.29.60"), octets(tlv(0x18, keeps.encode()))) if keeps else b""]
        tbs = sequence(integer(1), sequence(oid(ECDSA_SHA256)), ca.certificate.subject, der_time(begins),
                       der_time(ends),
                       sequence(*entries) if entries else b"", tlv(0xA0, sequence(*extensions)))
        return pem("X509 CRL", self.signed(tbs, key or ca.key))

    def stamp(self, data, when, tsa=None, policy=7):
        question = data, when, tsa, policy
        if question in self.stamped:
            return self.stamped[question]
        self.stamps += 1
        info = sequence(integer(1), oid(f"{self.arc}.1.{policy}"), sequence(sequence(oid(SHA256), tlv(NULL)),
                                                                            octets(sha256(data))),
                        integer(self.stamps), tlv(0x18, when.encode()))
        self.stamped[question] = sequence(sequence(integer(0)), cms(info, tsa or self.tsa, kind=ID_TST))
        return self.stamped[question]

    def rehearsal(self, trustee, transcript, challenge=None):
        """The request signed with a share; the two that are published give that of the third trustee."""
        one, two = (read_private_key(self.good[f"trustees/share-{number}.pem"])[0] for number in (1, 2))
        key = Key((one, two, (2 * two - one) % ORDER)[trustee - 1])
        asked = {"challenge": (challenge or self.id).encode().hex(), "transcript": hexhash(transcript),
                 "trustee": trustee}
        subject = name(("2.5.4.10", "Trustee rehearsal"), ("2.5.4.3", hexhash(canonical(asked).encode())))
        return self.signed(sequence(integer(0), subject, key.spki, tlv(0xA0)), key)

    def checkpoint(self, leaves, root=None, key=None):
        root = root or tree_root([bytes.fromhex(leaf) for leaf in leaves])
        text = f"{self.log['origin']}\n{len(leaves)}\n{base64.b64encode(root).decode()}\n".encode()
        note, secret = Path(self.folder.parent / "note"), Path(self.folder.parent / "key")
        note.write_bytes(text)
        secret.write_bytes(key or self.log_key)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", secret, "-rawin", "-in",
                                    note], check=True,
                                   stdout=subprocess.PIPE).stdout
        line = f"— {self.log['origin']} {base64.b64encode(self.log_id + signature).decode()}\n".encode()
        return text + b"\n" + line

    def certificate(self, key, tokens, manifest, ca=None, **other):
        """The ballot certificate of eballot.md, or one that differs where `other` says so."""
        label = other.get("election", self.id).encode() + b"\0"
        serial = bytearray(sha256(b"ballot-serial-v1\0" + label + key.spki)[:20])
        serial[0] = serial[0] & 0x3F | 0x40
        uuid = bytearray(sha256(b"ballot-name-v1\0" + label + sha256(key.spki))[:16])
        uuid[6], uuid[8] = uuid[6] & 15 | 0x80, uuid[8] & 0x3F | 0x80
        text = re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", uuid.hex())
        window = [re.sub("[-:T]", "", manifest["voting"][end]) for end in ("opens", "closes")]
        ca = ca or self.ballot_ca
        extensions = [(oid("2.5.29.15"), b"\1\1\xff", b"\3\2\6\xc0"),
                      (oid(KEY_ID), b"", octets(sha256(key.point)[:20])),
                      (oid("2.5.29.35"), b"", sequence(tlv(0x80, ca.certificate.extensions[KEY_ID][1][2:]))),
                      (oid("2.5.29.32"), b"", sequence(sequence(oid(f"{self.arc}.1.{other.get('role', 6)}"))))]
        if tokens:
            extensions.append((oid(f"{self.arc}.2.1"), other.get("critical", b""), sequence(*tokens)))
        tbs = sequence(b"\xa0\3\2\1\2", tlv(INTEGER, other.get("serial", bytes(serial))), sequence(oid(ECDSA_SHA256)),
                       ca.certificate.subject,
                       sequence(*(der_time(time) for time in other.get("window", window))),
                       name(("2.5.4.10", manifest["organization"]), ("2.5.4.11", other.get("election", self.id)),
                            ("2.5.4.3", other.get("name", text))), key.spki,
                       tlv(0xA3, sequence(*(sequence(kind, critical, octets(value)) for kind, critical,
                                            value in extensions))))
        return Signer(self.signed(tbs, ca.key), key)

    def ballot(self, number, style, choices, manifest, flaw):
        """The bytes of one ballot; `flaw` may hold members for certificate(), cms(), envelope() and the vote."""
        question = (number, style, canonical(choices), canonical(manifest))
        made = self.flawed if flaw else self.made
        if question in made:
            return made[question]
        if (number, style) not in self.voters:
            key = Key()
            self.voters[number, style] = key, self.issuers[style].token(self.id, key.spki)
        key, token = self.voters[number, style]
        key = flaw.get("key", key)
        if any(word in flaw for word in ("key", "token_style", "token_election", "token_key", "token_version")):
            token = self.issuers[flaw.get("token_style", style)].token(flaw.get("token_election", self.id),
                                                                       flaw.get("token_key", key).spki,
                                                                       flaw.get("token_version", 1))
        tokens = [token] * flaw.get("tokens", 1)
        if "forge" in flaw:
            tokens = [token[:-1] + bytes([token[-1] ^ 1]) for token in tokens]
        signer = self.certificate(key, tokens, manifest, flaw.get("ca"), **flaw.get("certificate", {}))
        vote = {"ballot": hexhash(flaw.get("vote_key", key).spki), "contests": [{"choices": one, "id": contest}
                                                                                for contest, one in
                                                                                  zip(STYLES[style], choices)],
                "election": self.id, "manifest": hexhash(canonical(manifest).encode()), "pad": "", "style": style}
        vote = flaw.get("vote", lambda same: same)(vote)
        size = flaw.get("size", manifest["plaintext_size"])
        vote["pad"] = flaw.get("pad", "0") * (size - len(canonical(vote).encode()))
        plain = flaw.get("plain", lambda same: same)(canonical(vote).encode())
        inner = flaw.get("inner") or envelope(plain, flaw.get("recipient", self.election), flaw.get("ephemeral")
                                              or Key(), **flaw.get("envelope", {}))
        data = flaw.get("outer", lambda same: same)(cms(flaw.get("wrap", lambda same: same)(inner), signer,
                                                        **flaw.get("cms", {})))
        made[question] = data
        return data

    def write(self, folder, **wrong):
        """A package in which everything fits but what `wrong` says. The explanations are sentences of whoever counts:
        they are taken from `explain`, the program under test, which is given the package with others there."""
        self.flawed, self.asked = {}, None
        self.write_once(folder, **wrong)
        if self.explain and self.asked not in self.explanations:
            self.explanations[self.asked] = self.explain(self.folder)
            self.write_once(folder, **wrong)
        return self.folder

    def write_once(self, folder, flaws=None, manifest=None, epochs=None, results=None, files=None, signers=None,
                   stamps=None, revoked=(),
              tsa=None, votes=None, last=None):
        """`flaws`: ballot number -> flaw. The others are functions from what is right to what is written: the manifest,
        the lists of leaves, the results, and files before the evidence is made. `signers` are by document, `stamps`
        times by epoch."""
        self.folder = Path(folder)
        signers, stamps, files, votes = signers or {}, stamps or {}, dict(files or {}), votes or VOTES
        out = {path: data for path, data in self.good.items() if path in ("README.txt", "verify.sh", "root.pem",
                                                                          "election-key.pem")
               or path.startswith(("trustees/", "crl/")) and "checkpoint" not in path}
        voters = {style: sum(one == style for one, _ in votes) + 2 for style in STYLES}
        lines = sorted(hexhash(f"roll {n}".encode()) for n in range(sum(voters.values())))
        claims = sorted(hexhash(f"claim {n}".encode()) for n in range(len(votes) + 2))
        m = dict(self.old, contests=CONTESTS, styles=[{"contests": contests, "id": style, "voters": voters[style]}
                                                      for style, contests in
                                                      STYLES.items()],
                 ballot_ca=base64.b64encode(self.ballot_ca.der).decode(), log=self.log,
                 epoch={"min_ballots": 3, "seconds": 3600},
                 token_keys=[issuer.stated for issuer in self.issuers.values()],
                 roll={"root": tree_root([bytes.fromhex(line) for line in lines]).hex(), "size": len(lines)})
        m = manifest(m) if manifest else m
        out["chain.pem"] = b"".join(pem("CERTIFICATE", der) for der in (*self.chain[:2], self.ballot_ca.der,
                                                                        *self.chain[3:]))
        out["crl/ballot-ca.pem"] = self.revocation_list(self.ballot_ca)
        if revoked:
            out["crl/issuing-ca.pem"] = self.revocation_list(self.issuing, revoked)

        def document(path, value, who):
            out[path] = files.pop(path, lambda same: same)(canonical(value).encode())
            question = path, out[path], signers.get(path, who)
            if question not in self.stamped:
                self.stamped[question] = cms(out[path], question[2], detached=True, time="20260327100000Z")
            out[f"{path}.p7s"] = self.stamped[question]

        document("manifest.json", m, self.officer)
        document("roll/roll.json", {"election": self.id, "root": m["roll"]["root"], "size": len(lines),
                                    "styles": voters, "version": 1},
                 self.officer)
        out["roll/commitments.txt"] = "".join(f"{line}\n" for line in lines).encode()
        document("claims/registrar-1.json", {"claims": len(claims), "election": self.id, "issuer": "registrar-1",
                                             "version": 1,
                                             "root": tree_root([bytes.fromhex(line) for line in claims]).hex(),
                                             "styles": {style: number - 1 for style, number in voters.items()}},
                                             self.registrar)
        out["claims/registrar-1.txt"] = "".join(f"{line}\n" for line in claims).encode()
        self.ballots, flaws = [], {number: dict(flaw) for number, flaw in (flaws or {}).items()}
        for number, (style, choices) in enumerate(votes):
            data = self.ballot(number, style, choices, m, flaws.get(number, {}))
            self.ballots.append(f"ballots/{hexhash(data)[:2]}/{hexhash(data)}.p7m")
            out[self.ballots[-1]] = data
        leaves = [path[11:75] for path in self.ballots]
        lists = [own for own in (sorted(leaves[:4]), sorted(leaves[4:])) if own]
        lists = epochs(lists) if epochs else lists
        for number, own in enumerate(lists, 1):
            path = f"epochs/{number:04}.sha256"
            out[path] = files.pop(path, lambda same: same)("".join(f"{leaf}  ballots/{leaf[:2]}/{leaf}.p7m\n"
                                                                   for leaf in own).encode())
            out[f"epochs/{number:04}.tsr"] = self.stamp(out[path],
                                                        stamps.get(number, f"202603{23 + 2 * number}100000Z"),
                                                        (tsa or {}).get(number))
        order = [leaf for own in lists for leaf in own]
        out |= expected_tiles(order)
        out["log/checkpoint"] = files.pop("log/checkpoint", lambda same: same)(self.checkpoint(order))
        for number in (1, 2):
            out[f"trustees/checkpoint-{number}.p7m"] = cms(out["log/checkpoint"], self.trustees[number - 1])
        self.write_results(out, m, votes, flaws, order, results, document)
        for path, change in files.items():
            data = change(out.get(path))
            out.pop(path, None)
            if data is not None:
                out[path] = data
        text = "".join(f"{hexhash(out[path])}  {path}\n" for path in sorted(out)).encode()
        out["evidence/0001.sha256"] = text
        out["evidence/0001.tsr"] = self.stamp(text, last or "20260401000000Z", (tsa or {}).get("evidence"))
        self.put(out)

    def put(self, out):
        """Makes the folder hold exactly these files; what it held before is known, if it was this that wrote it."""
        before = self.held if self.folder.exists() else {}
        for path in before.keys() - out.keys():
            (self.folder / path).unlink()
            for parent in (self.folder / path).parents:
                if any(parent.iterdir()):
                    break
                parent.rmdir()
        for path, data in out.items():
            if before.get(path) != data:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / path).write_bytes(data)
        self.held = out

    def write_results(self, out, m, votes, flaws, order, change, document):
        rules = {leaf: flaws.get(number, {}).get("rule") for number, leaf in enumerate(path[11:75]
                                                                                       for path in self.ballots)}
        counted = [(style, dict(zip(STYLES[style], choices))) for (style, choices), path in zip(votes, self.ballots)
                   if not rules[path[11:75]]]
        root = tree_root([bytes.fromhex(leaf) for leaf in order]).hex()
        contests = []
        for contest in m["contests"]:
            ballots = [choices[contest["id"]] for _, choices in counted if contest["id"] in choices]
            contests.append({"id": contest["id"], "result": count_contest(contest, ballots,
                                                                          hexhash(out["log/checkpoint"]))})
            out[f"results/{contest['id']}.blt"] = blt(contest, ballots)
        blank = sum(not any(choices.values()) for _, choices in counted)
        invalid = [{"leaf": leaf, "rule": rule} for leaf, rule in sorted(rules.items()) if rule]
        value = {"cast_by_style": merge_small(collections.Counter(style for style, _ in votes), m["report_min_group"]),
                 "contests": contests, "election": self.id,
                 "invalid": invalid, "log": {"root": root, "size": len(order)},
                 "manifest": hexhash(out["manifest.json"]), "version": 1,
                 "totals": {"blank": blank, "cast": len(order), "claimed": len(votes) + 2, "invalid": len(invalid),
                            "redeemed": len(votes) + 1,
                            "roll": m["roll"]["size"], "valid": len(counted) - blank}}
        out["results/results.csv"] = results_csv(value)
        self.asked = canonical(contests) + hexhash(out["log/checkpoint"])
        for contest in contests:
            said, note = self.explanations.get(self.asked, {}).get(contest["id"], ([], None))
            if note:
                contest["result"]["note"] = note
            for at, event in enumerate(event for entry in contest["result"]["rounds"] for event in entry["events"]):
                event["explanation"] = said[at] if at < len(said) else "As the rules say."
        out["results/rounds.txt"] = rounds_text(value)
        document("results/results.json", change(value) if change else value, self.officer)


def signer_certificate(message):
    """The certificate inside a SignedData."""
    return SignedMessage(message, signing_time=True).certificate.der


