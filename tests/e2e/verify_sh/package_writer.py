"""Writes a small election package from the text of docs/formats alone, without the library: a second opinion on the
format, and the only way to packages in which exactly one thing is wrong although everything else was signed and stamped
as an insider could."""
import base64
import csv
import datetime
import hashlib
import json
import secrets
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from der import P256, P384, Key, bits, integer, octets, oid, sequence, set_of, time, tlv, utf8

ARC = "1.3.6.1.4.1.32473"
ID = "council-2026"
SIZE = 512
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)
OPENS = datetime.datetime(2026, 3, 2, 8)
CLOSES = OPENS + 3 * DAY
ID_DATA, ID_TST = "1.2.840.113549.1.7.1", "1.2.840.113549.1.9.16.1.4"
SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
SERVER_EKU, CLIENT_EKU, MAIL_EKU, STAMP_EKU = (f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 4, 8))


def sha256(data):
    return hashlib.sha256(data).digest()


def hexhash(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def rfc3339(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def pem(label, der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=given, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def aes_256(mode, key, data, *more):
    return openssl("enc", f"-{mode}", "-e", "-nopad", "-K", key.hex(), *more, given=data)


def gcm(key, nonce, text):
    """AES-256-GCM (NIST SP 800-38D) with a nonce of 12 octets and nothing but text: ciphertext and tag."""
    def times(x, y):
        product = 0
        for bit in range(127, -1, -1):
            if y >> bit & 1:
                product ^= x
            x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
        return product

    stream = aes_256("aes-256-ctr", key, bytes(16) + text, "-iv", (nonce + integer_octets(1, 4)).hex())
    mask, ciphertext = stream[:16], stream[16:]
    hash_key, state = int.from_bytes(aes_256("aes-256-ecb", key, bytes(16)), "big"), 0
    padded = ciphertext + bytes(-len(ciphertext) % 16) + integer_octets(0, 8) + integer_octets(8 * len(text), 8)
    for at in range(0, len(padded), 16):
        state = times(state ^ int.from_bytes(padded[at:at + 16], "big"), hash_key)
    return ciphertext, integer_octets(state ^ int.from_bytes(mask, "big"), 16)


def integer_octets(number, size):
    return number.to_bytes(size, "big")


def name(common, unit=None):
    parts = [("2.5.4.10", "Example Council"), ("2.5.4.11", unit), ("2.5.4.3", common)]
    return sequence(*(tlv(0x31, sequence(oid(kind), utf8(text))) for kind, text in parts if text))


# docs/formats/eballot-rules.csv: rule, when, vector (a flaw of Authority.ballot), what.
with open(Path(__file__).parents[3] / "docs/formats/eballot-rules.csv", encoding="utf-8") as table:
    RULES = list(csv.DictReader(table))
COUNT_RULES = {row["vector"]: row["rule"] for row in RULES if row["when"] == "count"}

# Flaws of an envelope that openssl would not make.
ENVELOPE_FLAWS = {"off-curve", "named-originator", "long-key", "keying-material", "long-nonce", "no-icvlen", "other-content-type",
                  "envelope-attributes", "short-tag", "envelope-version"}


def with_choices(*choices):
    """The vote with these choices in its first contest, the board of c01 to c04."""
    return lambda text: {"contests": [{"choices": list(choices), "id": text["contests"][0]["id"]}, *text["contests"][1:]]}


# Flaws of a vote: the members that are another.
VOTE_FLAWS = {
    "copied-name": lambda text: {"ballot": hexhash(b"another key")},
    "other-style-vote": lambda text: {"style": {"north": "south", "south": "north"}[text["style"]]},
    "missing-contest": lambda text: {"contests": text["contests"][:1]},
    "unknown-contest": lambda text: {"contests": [*text["contests"], {"choices": [], "id": "king"}]},
    "unknown-candidate": with_choices("c99"),
    "repeated-candidate": with_choices("c01", "c01"),
    "too-many-choices": lambda text: {"contests": [text["contests"][0], {"choices": ["ann", "bob"], "id": "mayor"}]},
}


def policy(role):
    return f"{ARC}.1.{role}"


class Signer:
    """A certificate with its key."""

    def __init__(self, subject, issuer=None, key=None, *, begins=OPENS - 60 * DAY, ends=OPENS + 900 * DAY, roles=(), eku=(),
                 usage=b"\x06\xc0", path=None, serial=None, extra=(), sign_with=None, flaw=""):
        self.key, self.subject = key or Key(), subject
        self.key_id = sha256(self.key.point + (b"x" if flaw == "other-key-identifier" else b""))[:20]
        self.serial = serial or int.from_bytes(b"\x55" + secrets.token_bytes(19), "big")
        self.issuer = (issuer or self).subject
        signing = sign_with or (issuer or self).key
        extensions = [("2.5.29.15", True, tlv(3, usage)), ("2.5.29.14", False, octets(self.key_id))]
        if issuer:
            extensions.append(("2.5.29.35", False, sequence(tlv(0x80, issuer.key_id))))
        if path is not None:
            extensions.append(("2.5.29.19", True, sequence(tlv(1, b"\xff"), integer(path) if path >= 0 else b"")))
        if roles:
            extensions.append(("2.5.29.32", False, sequence(*(sequence(oid(policy(role))) for role in roles))))
        if eku:
            extensions.append(("2.5.29.37", eku == (STAMP_EKU,), sequence(*map(oid, eku))))
        extensions += extra
        if flaw == "extension-order":
            extensions[:2] = extensions[1::-1]
        coded = [sequence(oid(kind), tlv(1, b"\xff") if critical else b"", octets(value))
                 for kind, critical, value in extensions]
        tbs = sequence(tlv(0xA0, integer(2)), integer(self.serial), signing.algorithm, self.issuer,
                       sequence(time(begins), time(ends)), subject, self.key.spki, tlv(0xA3, sequence(*coded)))
        self.der = sequence(tbs, signing.algorithm, bits(signing.sign(tbs, flaw == "high-s-certificate")))

    def pem(self):
        return pem("CERTIFICATE", self.der)


def sign(content, signer, *, kind=ID_DATA, attached=True, high_s=False, unsigned=False, bag=(), flaw=""):
    """CMS SignedData with the attributes of an eBallot: content type, digest and signingCertificateV2."""
    named = sequence(sequence(tlv(0xA4, signer.issuer)), integer(signer.serial))
    certificate_id = sequence(sequence(sequence(octets(sha256(b"x" if flaw == "other-certificate-id" else signer.der)), named)))
    stated = b"x" if flaw == "other-digest" else content
    digest, algorithm = sha256(stated), SHA256
    if signer.key.curve is P384:
        digest, algorithm = hashlib.sha384(stated).digest(), sequence(oid("2.16.840.1.101.3.4.2.2"))
    attributes = sorted([sequence(oid("1.2.840.113549.1.9.3"), set_of(oid(kind))),
                         sequence(oid("1.2.840.113549.1.9.4"), set_of(octets(digest))),
                         sequence(oid("1.2.840.113549.1.9.16.2.47"), set_of(certificate_id)),
                         *([sequence(oid("1.2.840.113549.1.9.5"), set_of(time(OPENS)))] if flaw == "signing-time" else [])])
    extra = tlv(0xA1, sequence(oid("1.2.3.4"), set_of(integer(5)))) if unsigned else b""
    info = sequence(integer(1), sequence(signer.issuer, integer(signer.serial)), algorithm, tlv(0xA0, *attributes),
                    signer.key.algorithm, octets(signer.key.sign(tlv(0x31, *attributes), high_s)), extra)
    inner = sequence(oid(kind), tlv(0xA0, octets(content)) if attached else b"")
    version = integer(1 if kind == ID_DATA else 3)
    return sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, sequence(
        version, tlv(0x31, algorithm), inner, tlv(0xA0, signer.der, *bag), tlv(0x31, info))))


def merkle(entries, leaf=True):
    if leaf:
        entries = [sha256(b"\0" + entry) for entry in entries] or [sha256(b"")]
    while len(entries) > 1:
        pairs = [sha256(b"\1" + entries[i] + entries[i + 1]) for i in range(0, len(entries) - 1, 2)]
        entries = pairs + (entries[-1:] if len(entries) % 2 else [])
    return entries[0]


class Authority:
    """Everything that does not change from package to package: keys, certificates, the good ballots."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="uvpki-writer-"))
        people = dict(usage=b"\x06\xc0", eku=(CLIENT_EKU, MAIL_EKU))
        self.root = Signer(name("Root"), key=Key(P384), ends=OPENS + 10950 * DAY, usage=b"\1\6", path=-1)
        self.issuing = Signer(name("Issuing CA"), self.root, ends=OPENS + 5000 * DAY, roles=range(5, 17), usage=b"\1\6", path=1)
        self.ballot_ca = Signer(name(f"Ballot CA {ID}"), self.issuing, roles=[6], eku=(MAIL_EKU,), usage=b"\1\6", path=0)
        self.registrar_ca = Signer(name("Registrar CA city"), self.issuing, roles=[5, 8], eku=(CLIENT_EKU, MAIL_EKU),
                                   usage=b"\1\6", path=0)
        self.officer = Signer(name("Officer"), self.issuing, roles=[11], **people)
        self.registrar = Signer(name("Registrar"), self.issuing, roles=[12], **people)
        self.voter = Signer(name("Voter"), self.registrar_ca, roles=[5], **people)
        self.trustees = [Signer(name(f"Trustee {n}"), self.issuing, roles=[13], **people) for n in (1, 2, 3)]
        self.tsa = Signer(name("TSA"), self.issuing, roles=[7], eku=(STAMP_EKU,), usage=b"\7\x80")
        constant, slope = (secrets.randbelow(P256.order) for _ in range(2))
        self.shares = [Key(scalar=(constant + slope * n) % P256.order) for n in (1, 2, 3)]
        self.election_key = Key(scalar=constant)
        agreement = dict(usage=b"\3\x08", eku=(MAIL_EKU,), roles=[16])
        self.election = Signer(name("Election key", ID), self.issuing, self.election_key, **agreement)
        self.other_election = Signer(name("Other election key"), self.issuing, **agreement)
        self.styles = {style: self.token_key(style) for style in ("north", "south")}
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.folder / "log.pem")
        self.log_key = openssl("pkey", "-in", self.folder / "log.pem", "-pubout", "-outform", "DER")[-32:]
        self.origin = f"log.example.org/{ID}"
        self.log_id = sha256(self.origin.encode() + b"\n\1" + self.log_key)[:4]
        self.ephemeral = Key()
        self.roll = sorted(secrets.token_bytes(32) for _ in range(23))
        self.claims = sorted(secrets.token_bytes(32) for _ in range(11))
        self.transcript = canonical({"election": ID})
        self.manifest = canonical(self.manifest_members())
        self.ballots = [self.ballot(number) for number in range(8)]

    def close(self):
        shutil.rmtree(self.folder)

    def token_key(self, style):
        file = self.folder / f"token-{style}.pem"
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", file)
        plain = openssl("pkey", "-in", file, "-pubout", "-outform", "DER")
        sha384 = sequence(oid("2.16.840.1.101.3.4.2.2"))
        parameters = sequence(tlv(0xA0, sha384), tlv(0xA1, sequence(oid("1.2.840.113549.1.1.8"), sha384)), tlv(0xA2, integer(48)))
        return file, sequence(sequence(oid("1.2.840.113549.1.1.10"), parameters), plain[19:])

    def manifest_members(self):
        def candidates(*ids):
            return [{"id": i, "name": f"Candidate \"{i}\" ü"} for i in ids]

        encoded = {member: base64.b64encode(signer.der).decode() for member, signer in
                   [("ballot_ca", self.ballot_ca), ("election_certificate", self.election), ("tsa_certificate", self.tsa)]}
        key = base64.b64encode(b"\1" + self.log_key).decode()
        return encoded | {
            "version": 1, "id": ID, "title": "Council", "organization": "Example Council", "arc": ARC,
            "root": hexhash(self.root.der),
            "contests": [
                {"id": "board", "title": "Board", "candidates": candidates("c01", "c02", "c03", "c04"),
                 "rules": {"method": "stv", "seats": 2, "threshold": "droop-whole", "decimals": 4, "tie_break": "seed"}},
                {"id": "mayor", "title": "Mayor", "candidates": candidates("ann", "bob"),
                 "rules": {"method": "plurality", "seats": 1, "max_choices": 1, "tie_break": "seed"}},
                {"id": "ideas", "title": "Ideas", "candidates": candidates("i1", "i2", "i3"),
                 "rules": {"method": "approval", "seats": 1, "tie_break": "seed"}}],
            "styles": [{"id": "north", "contests": ["board", "mayor"], "voters": 10},
                       {"id": "south", "contests": ["board", "ideas"], "voters": 13}],
            "claim": {"opens": rfc3339(OPENS - 9 * DAY), "closes": rfc3339(OPENS - DAY)},
            "voting": {"opens": rfc3339(OPENS), "closes": rfc3339(CLOSES)},
            "final_epoch_until": rfc3339(CLOSES + 2 * HOUR), "verify_at": rfc3339(CLOSES - datetime.timedelta(seconds=1)),
            "epoch": {"min_ballots": 3, "seconds": 3600}, "token_issuers": ["city"],
            "token_keys": [{"issuer": "city", "key_id": hexhash(spki), "spki": base64.b64encode(spki).decode(), "style": style}
                           for style, (_, spki) in self.styles.items()],
            "trustees": {"threshold": 2, "transcript": hexhash(self.transcript), "members": [
                {"index": n, "name": f"Trustee {n}", "certificate": hexhash(self.trustees[n - 1].der),
                 "share_point": self.shares[n - 1].point.hex()} for n in (1, 2, 3)]},
            "roll": {"root": merkle(self.roll).hex(), "size": len(self.roll)},
            "log": {"key": f"{self.origin}+{self.log_id.hex()}+{key}", "origin": self.origin},
            "plaintext_size": SIZE, "report_min_group": 1}

    def ballot(self, number, flaw=""):
        """The ballot with this number, in style, choices and validity always the same; `flaw` names what is wrong in it."""
        style = ("north", "south")[number % 2]
        key = self.ballots[number - 2][2] if flaw == "same-key" else Key(P384) if flaw == "p384-key" else Key()
        other = {"north": "south", "south": "north"}[style]
        file, token_spki = self.styles[other if flaw == "other-style" else style]
        election = "another-one" if flaw == "other-election-token" else ID
        message = sequence(utf8("ballot-token-v1"), utf8(election), octets(sha256(key.spki)))
        prefix = secrets.token_bytes(32)
        (self.folder / "message").write_bytes(prefix + message)
        signature = openssl("dgst", "-sha384", "-sign", file, "-sigopt", "rsa_padding_mode:pss", "-sigopt",
                            "rsa_pss_saltlen:48", self.folder / "message")
        if flaw == "other-style":
            token_spki = self.styles[style][1]
        if flaw == "forged-token":
            signature = secrets.token_bytes(1) + signature[1:]
        key_id = sha256(b"x" if flaw == "unknown-key" else token_spki)
        token = sequence(integer(2 if flaw == "token-version" else 1), octets(key_id), octets(prefix), octets(signature))
        tokens = sequence(*[token] * (2 if flaw == "two-tokens" else 1))
        serial = sha256(b"ballot-serial-v1\0" + ID.encode() + b"\0" + key.spki)[:20]
        digest = bytearray(sha256(b"ballot-name-v1\0" + ID.encode() + b"\0" + sha256(key.spki))[:16])
        digest[6], digest[8] = digest[6] & 15 | 0x80, digest[8] & 0x3F | 0x80
        common = str(uuid.UUID(int=7) if flaw == "other-name" else uuid.UUID(bytes=bytes(digest)))
        issuer = {"by-issuing-ca": self.issuing, "by-registrar-ca": self.registrar_ca}.get(flaw, self.ballot_ca)
        roles = {"no-role": [], "voter-role": [5]}.get(flaw, [6])
        certificate = Signer(
            name(common, "another-one" if flaw == "other-election" else ID), issuer, key, roles=roles, begins=OPENS,
            ends=CLOSES + (DAY if flaw == "longer-window" else 0 * DAY), sign_with=Key() if flaw == "forged-ca" else None,
            serial=int.from_bytes(bytes([0x40 | serial[0] & 0x3F]) + serial[1:], "big") ^ (flaw == "other-serial"),
            usage=b"\7\x80" if flaw == "other-key-usage" else b"\x06\xc0", flaw=flaw,
            extra=[(f"{ARC}.2.1", False, tokens)][flaw == "no-token":] +
            ([("2.5.29.37", False, sequence(oid(MAIL_EKU)))] if flaw == "extra-extension" else []))
        sealed = self.seal(self.plaintext(number, style, key, flaw), flaw)
        if flaw in ENVELOPE_FLAWS:
            sealed = self.seal_with(self.plaintext(number, style, key, flaw), Key(), flaw)
        if flaw in ("own-ephemeral", "mirrored-ephemeral"):
            scalar = self.ephemeral.scalar
            ephemeral = Key(scalar=scalar if flaw == "own-ephemeral" else P256.order - scalar)
            sealed = self.seal_with(self.plaintext(number, style, key, flaw), ephemeral)
        if flaw == "copied":
            sealed = self.ballots[number - 2][1]
        file = sign(sealed, certificate, high_s=flaw == "high-s", unsigned=flaw == "unsigned-attribute",
                    bag=[self.officer.der] if flaw == "extra-certificate" else [], attached=flaw != "detached", flaw=flaw)
        if flaw == "flipped-signature":
            file = file[:-5] + bytes([file[-5] ^ 1]) + file[-4:]
        if flaw == "trailing-byte":
            file += b"\0"
        if flaw == "too-large":
            file += bytes(65536)
        return file, sealed, key, style

    def choices(self, number):
        board = [["c01", "c02"], ["c02"], ["c03", "c01", "c02", "c04"], [], ["c01"], ["c02", "c01"], [], ["c04"]][number]
        if number % 2:
            return [("board", board), ("ideas", [["i1", "i3"], ["i2"], [], ["i1", "i2", "i3"]][number // 2])]
        return [("board", board), ("mayor", [["ann"], ["bob"], ["ann"], []][number // 2])]

    def plaintext(self, number, style, key, flaw):
        if number == 7:
            return b"not a ballot\n\0" * 3
        contests = [{"choices": choices, "id": contest} for contest, choices in self.choices(number)]
        text = {"ballot": hexhash(key.spki), "contests": contests, "election": ID, "manifest": hexhash(self.manifest), "pad": "",
                "style": style}
        if number == 1 or flaw == "other-manifest":
            text["manifest"] = hexhash(b"another one")
        text |= VOTE_FLAWS.get(flaw, lambda text: {})(text)
        text["pad"] = ("1" if flaw == "other-pad" else "0") * (SIZE - len(canonical(text)))
        if flaw == "not-canonical":
            return b" " + canonical(text)[:-3] + b'"}'
        return canonical(text)[:-1] if flaw == "short-vote" else canonical(text)

    def seal(self, plaintext, flaw):
        (self.folder / "election.pem").write_bytes(self.election.pem())
        (self.folder / "other.pem").write_bytes(self.other_election.pem())
        recipients = {"other-recipient": ["other"], "two-recipients": ["election", "other"]}.get(flaw, ["election"])
        cipher = {"cbc": "-aes-256-cbc", "aes-128": "-aes-128-gcm"}.get(flaw, "-aes-256-gcm")
        digest = "sha1" if flaw == "kdf-sha1" else "sha256"
        arguments = []
        for recipient in recipients:
            arguments += ["-recip", self.folder / f"{recipient}.pem", "-aes256-wrap", "-keyopt", f"ecdh_kdf_md:{digest}"]
        sealed = openssl("cms", "-encrypt", cipher, "-binary", "-outform", "DER", *arguments, given=plaintext)
        if flaw == "ber":
            assert sealed[1] == 0x82
            sealed = sealed[:1] + b"\x83\0" + sealed[2:]
        if flaw == "flipped-ciphertext":
            sealed = sealed[:-30] + bytes([sealed[-30] ^ 1]) + sealed[-29:]
        return sealed

    def seal_with(self, plaintext, ephemeral, flaw=""):
        """An envelope by this ephemeral key, which openssl would choose anew each time (RFC 5083, 5084, 5753)."""
        certificate = self.election
        x, _ = P256.multiply(ephemeral.scalar, P256.multiply(self.election_key.scalar))
        wrap = sequence(oid("2.16.840.1.101.3.4.1.45"))
        shared_info = sequence(wrap, tlv(0xA2, octets(integer_octets(256, 4))))
        wrapping_key = sha256(integer_octets(x, 32) + integer_octets(1, 4) + shared_info)
        key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        point = ephemeral.point[:-1] + bytes([ephemeral.point[-1] ^ 1]) if flaw == "off-curve" else ephemeral.point
        wrapped = aes_256("id-aes256-wrap", wrapping_key, key, "-iv", "A6" * 8)
        ciphertext, tag = gcm(key, nonce, plaintext)
        originator = tlv(0xA0, tlv(0xA1, sequence(oid("1.2.840.10045.2.1")), bits(point)))
        if flaw == "named-originator":
            originator = tlv(0xA0, sequence(certificate.issuer, integer(certificate.serial)))
        wrapped += b"\0" * 8 if flaw == "long-key" else b""
        recipient = sequence(sequence(certificate.issuer, integer(certificate.serial)), octets(wrapped))
        material = tlv(0xA1, octets(b"user keying")) if flaw == "keying-material" else b""
        agreement = tlv(0xA1, integer(3), originator, material, sequence(oid("1.3.132.1.11.1"), wrap), sequence(recipient))
        cipher = sequence(oid("2.16.840.1.101.3.4.1.46"), sequence(octets(nonce + (b"\0" * 4 if flaw == "long-nonce" else b"")),
                                                                    b"" if flaw == "no-icvlen" else integer(16)))
        content = sequence(oid("1.2.3.4" if flaw == "other-content-type" else ID_DATA), cipher, tlv(0x80, ciphertext))
        attributes = tlv(0xA2, sequence(oid("1.2.3.4"), set_of(integer(5)))) if flaw == "envelope-attributes" else b""
        tag = tag[:12] if flaw == "short-tag" else tag
        version = integer(1 if flaw == "envelope-version" else 0)
        return sequence(oid("1.2.840.113549.1.9.16.1.23"),
                        tlv(0xA0, sequence(version, set_of(agreement), content, octets(tag), attributes)))

    def stamp(self, data, when, signer=None):
        signer = signer or self.tsa
        info = sequence(integer(1), oid(policy(7)), sequence(SHA256, octets(sha256(data))), integer(secrets.randbits(60)),
                        tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode()))
        return sequence(sequence(integer(0)), sign(info, signer, kind=ID_TST))

    def revocation_list(self, ca, revoked=()):
        """Without end for the Ballot CA, which is finished; every list keeps certificates that have expired."""
        entries = sequence(*(sequence(integer(serial), time(when)) for serial, when in revoked)) if revoked else b""
        extensions = tlv(0xA0, sequence(sequence(oid("2.5.29.35"), octets(sequence(tlv(0x80, ca.key_id)))),
                                        sequence(oid("2.5.29.20"), octets(integer(1))),
                                        sequence(oid("2.5.29.60"), octets(tlv(0x18, b"20200101000000Z")))))
        until = tlv(0x18, b"99991231235959Z") if ca is self.ballot_ca else time(CLOSES + DAY)
        tbs = sequence(integer(1), ca.key.algorithm, ca.subject, time(CLOSES + HOUR), until, entries, extensions)
        return pem("X509 CRL", sequence(tbs, ca.key.algorithm, bits(ca.key.sign(tbs))))

    def checkpoint(self, leaves):
        note = f"{self.origin}\n{len(leaves)}\n{base64.b64encode(merkle(leaves)).decode()}\n".encode()
        (self.folder / "note").write_bytes(note)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.folder / "log.pem", "-in", self.folder / "note")
        return note + "\n\u2014 ".encode() + self.origin.encode() + b" " + base64.b64encode(self.log_id + signature) + b"\n"

    def rehearsal(self, number):
        key = self.shares[number - 1]
        info = sequence(integer(0), name(f"Rehearsal {number}"), key.spki, tlv(0xA0))
        return sequence(info, key.algorithm, bits(key.sign(info)))

    def results(self, ballots, leaves, flaws):
        """By the rules of docs/formats: ballot 1 is of another manifest and ballot 7 no ballot, 6 is blank."""
        names = [hexhash(ballot[0]) for ballot in ballots]
        rules = COUNT_RULES
        invalid = {names[1]: "ballot.manifest", names[7]: "ballot.plaintext.size"}
        invalid |= {names[n]: rules[flaw] for n, flaw in flaws.items() if flaw in rules}
        sharing = sorted(names[n] for n, flaw in flaws.items() if flaw.endswith("-ephemeral"))
        invalid |= {leaf: "ballot.repeated_ephemeral" for leaf in sharing[1:]}
        good = [n for n in range(len(ballots)) if names[n] not in invalid]
        members = json.loads(self.manifest)
        contests = []
        for contest in members["contests"]:
            votes = [choices for n in good for which, choices in self.choices(n) if which == contest["id"]]
            counted = [c for choices in votes for c in (choices if contest["id"] == "ideas" else choices[:1])]
            tallies = [{"candidate": c["id"], "status": "standing", "votes": str(counted.count(c["id"]))}
                       for c in contest["candidates"]]
            contests.append({"id": contest["id"], "result": {
                "valid": sum(1 for v in votes if v), "blank": sum(1 for v in votes if not v), "invalid": 0,
                "winners": [contest["candidates"][0]["id"]], "rounds": [{"round": 1, "tallies": tallies}]}})
        blank = sum(1 for n in good if not any(choices for _, choices in self.choices(n)))
        return {"version": 1, "election": ID, "manifest": hexhash(self.manifest), "contests": contests,
                "cast_by_style": {style: sum(1 for b in ballots if b[3] == style) for style in ("north", "south")},
                "invalid": [{"leaf": leaf, "rule": rule} for leaf, rule in sorted(invalid.items())],
                "log": {"root": merkle(leaves).hex(), "size": len(leaves)},
                "totals": {"roll": 23, "claimed": 11, "redeemed": 9, "cast": 8, "valid": len(good) - blank, "blank": blank,
                           "invalid": len(invalid)}}


def tiles(leaves):
    files = {"entries": [b"\0\x20" + leaf for leaf in leaves], "0": [sha256(b"\0" + leaf) for leaf in leaves]}
    return {f"log/tile/{kind}/000.p/{len(leaves)}": b"".join(parts) for kind, parts in files.items()}


def write_package(authority, folder, *, flaws=None, signers=None, files=None, epochs=None, revoked=(), stamps=None,
                  results=None, evidence=True):
    """Writes the package. What can be wrong: ballots (number: flaw of Authority.ballot), who signs a document (path: signer),
    any file before it is listed and stamped (path: function of its bytes; None leaves it out), the lists of the epochs
    (a function of the list of lists), the times and signers of their stamps, the members of the results (a function),
    whether there is evidence. Returns the paths of the ballots by their numbers."""
    a, flaws, signers, files = authority, flaws or {}, signers or {}, files or {}
    ballots = [a.ballot(n, flaws[n]) if n in flaws else ballot for n, ballot in enumerate(a.ballots)]
    written = {}

    def put(path, data):
        data = files[path](data) if path in files else data
        if data is not None:
            written[path] = data

    def put_signed(path, data, signer):
        put(path, data)
        put(f"{path}.p7s", sign(written.get(path, b""), signers.get(path, signer), attached=False))

    for file, *_ in ballots:
        leaf = hexhash(file)
        put(f"ballots/{leaf[:2]}/{leaf}.p7m", file)
    leaves = [hexhash(ballot[0]) for ballot in ballots]
    lists = [sorted(leaves[:4]), sorted(leaves[4:])]
    lists = epochs(lists) if epochs else lists
    times = stamps or [(OPENS + DAY, None), (CLOSES + HOUR, None)]
    for number, (listed, (when, signer)) in enumerate(zip(lists, times), 1):
        text = "".join(f"{leaf}  ballots/{leaf[:2]}/{leaf}.p7m\n" for leaf in listed).encode()
        put(f"epochs/{number:04}.sha256", text)
        put(f"epochs/{number:04}.tsr", a.stamp(text, when, signer))
    order = [bytes.fromhex(leaf) for listed in lists for leaf in listed]
    checkpoint = a.checkpoint(order)
    put("log/checkpoint", checkpoint)
    for path, content in tiles(order).items():
        put(path, content)
    put("root.pem", a.root.pem())
    put("chain.pem", b"".join(ca.pem() for ca in (a.root, a.issuing, a.ballot_ca, a.registrar_ca)))
    put_signed("manifest.json", a.manifest, a.officer)
    summary = {"election": ID, "root": merkle(a.roll).hex(), "size": 23, "styles": {"north": 10, "south": 13}, "version": 1}
    put_signed("roll/roll.json", canonical(summary), a.officer)
    put("roll/commitments.txt", "".join(f"{entry.hex()}\n" for entry in a.roll).encode())
    summary = {"claims": 11, "election": ID, "issuer": "city", "root": merkle(a.claims).hex(),
               "styles": {"north": 5, "south": 6}, "version": 1}
    put_signed("claims/city.json", canonical(summary), a.registrar)
    put("claims/city.txt", "".join(f"{entry.hex()}\n" for entry in a.claims).encode())
    for file, ca in (("root", a.root), ("issuing-ca", a.issuing), ("ballot-ca", a.ballot_ca), ("registrar-ca-city", a.registrar_ca)):
        put(f"crl/{file}.pem", a.revocation_list(ca, revoked if ca is a.issuing else ()))
    put("trustees/transcript.json", a.transcript)
    put("trustees/ceremony/commit-1.p7m", sign(b"{}", a.trustees[0]))
    for number in (1, 2, 3):
        put(f"trustees/rehearsal-{number}.csr", a.rehearsal(number))
        put(f"trustees/checkpoint-{number}.p7m", sign(checkpoint, a.trustees[number - 1]))
        if number < 3:
            put(f"trustees/share-{number}.pem", pem("PRIVATE KEY", a.shares[number - 1].pkcs8()))
    put("election-key.pem", pem("PRIVATE KEY", a.election_key.pkcs8()))
    counted = a.results(ballots, order, flaws)
    put_signed("results/results.json", canonical(results(counted) if results else counted), a.officer)
    for path in ("README.txt", "verify.sh", "results/results.csv", "results/rounds.txt", "results/board.blt", "results/mayor.blt",
                 "results/ideas.blt"):
        put(path, b"written by the test\n")
    text = "".join(f"{hexhash(written[path])}  {path}\n" for path in sorted(written)).encode()
    if evidence:
        put("evidence/0001.sha256", text)
        put("evidence/0001.tsr", a.stamp(text, CLOSES + DAY))
    for path, data in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return [f"ballots/{leaf[:2]}/{leaf}.p7m" for leaf in leaves]
