"""The eBallots of a package, from docs/formats/eballot.md and token.md: form, certificate, tokens, signature, vote."""
import hashlib

from asn1 import (AUTHORITY_KEY_ID, BITS, INTEGER, KEY_ID, KEY_USAGE, OCTETS, P256, POLICIES, SEQUENCE, SHA384, UTF8,
                  Envelope, Malformed, SignedMessage, der_time, name, oid, parse, require, tlv)
from canonical import decode_base64, parse_json
from package import hexhash, sha256

PSS, MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"


class TokenKey:
    """An issuer's RSA key in exactly the form of token.md; its id is the hash of that form."""

    def __init__(self, stated):
        self.issuer, self.style, self.id = stated["issuer"], stated["style"], stated["key_id"]
        spki = decode_base64(stated["spki"])
        require(hexhash(spki) == self.id, "has a token key whose key_id is not its hash")
        reader = parse(spki).reader()
        head, body = reader.take(SEQUENCE), parse(reader.take(BITS).bits()).reader()
        reader.done()
        sha = tlv(SEQUENCE, oid(SHA384))
        wanted = tlv(SEQUENCE, oid(PSS), tlv(SEQUENCE, tlv(0xA0, sha), tlv(0xA1, tlv(SEQUENCE, oid(MGF1), sha)),
                                             tlv(0xA2, tlv(INTEGER, b"\x30"))))
        require(head.raw == wanted, "has a token key that is not RSASSA-PSS with SHA-384 and a salt of 48")
        self.modulus, self.exponent = body.take(INTEGER).integer(), body.take(INTEGER).integer()
        body.done()
        self.size = self.modulus.bit_length() // 8
        require(self.modulus.bit_length() in (2048, 3072, 4096) and self.modulus % 2 and self.exponent == 65537,
                "has a token key of another size or exponent")

    def verifies(self, signature, prepared):
        """RSASSA-PSS-VERIFY of RFC 8017 with SHA-384, MGF1-SHA-384 and a salt of 48 octets."""
        number = int.from_bytes(signature, "big")
        if len(signature) != self.size or number >= self.modulus:
            return False
        encoded = pow(number, self.exponent, self.modulus).to_bytes(self.size, "big")
        masked, tag, end = encoded[:-49], encoded[-49:-1], encoded[-1]
        mask = b"".join(hashlib.sha384(tag + block.to_bytes(4, "big")).digest() for block in range(len(masked) // 48
                + 1))
        block = bytes(left ^ right for left, right in zip(masked, mask))
        plain = bytes([block[0] & 127]) + block[1:]
        start = len(plain) - 49
        digest = hashlib.sha384(bytes(8) + hashlib.sha384(prepared).digest() + plain[start + 1:]).digest()
        return end == 0xBC and masked[0] < 128 and plain[:start + 1] == bytes(start) + b"\1" and digest == tag


class BallotRules:
    """All that ballots of this manifest have in common."""

    def __init__(self, package, election_certificate, key_file):
        m = self.manifest = package.manifest
        self.package, self.recipient, self.key_file = package, election_certificate, key_file
        self.manifest_hash = hexhash(package.files["manifest.json"])
        self.keys = {key.id: key for key in map(TokenKey, m["token_keys"])}
        self.styles = {style["id"]: style["contests"] for style in m["styles"]}
        self.contests = {contest["id"]: contest for contest in m["contests"]}
        voting = [der_time(time.replace("-", "").replace(":", "").replace("T", "")) for time in
                  (m["voting"]["opens"], m["voting"]["closes"])]
        self.validity = tlv(SEQUENCE, *voting)

    def expected_tbs(self, spki, point, tokens):
        """The to-be-signed bytes of the one certificate that this key can have."""
        m, ca = self.manifest, self.package.ballot_ca
        label = m["id"].encode() + b"\0"
        serial = bytearray(sha256(b"ballot-serial-v1\0" + label + spki)[:20])
        serial[0] = serial[0] & 0x3F | 0x40
        uuid = bytearray(sha256(b"ballot-name-v1\0" + label + sha256(spki))[:16])
        uuid[6], uuid[8] = uuid[6] & 0x0F | 0x80, uuid[8] & 0x3F | 0x80
        text = uuid.hex()
        text = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        subject = name(("2.5.4.10", m["organization"]), ("2.5.4.11", m["id"]), ("2.5.4.3", text))
        authority = parse(ca.extensions[KEY_ID][1], OCTETS).body
        extensions = [(KEY_USAGE, b"\1\1\xff", b"\3\2\6\xc0"), (KEY_ID, b"", tlv(OCTETS, sha256(point)[:20])),
                      (AUTHORITY_KEY_ID, b"", tlv(SEQUENCE, tlv(0x80, authority))),
                      (POLICIES, b"", tlv(SEQUENCE, tlv(SEQUENCE, oid(self.package.role("ballot"))))),
                      (f"{m['arc']}.2.1", b"", tokens)]
        encoded = (tlv(SEQUENCE, oid(kind), critical, tlv(OCTETS, value)) for kind, critical, value in extensions)
        return tlv(SEQUENCE, b"\xa0\3\2\1\2", tlv(INTEGER, bytes(serial)),
                   tlv(SEQUENCE, oid(ca.key.signature_algorithm)), ca.subject,
                   self.validity, subject, spki, tlv(0xA3, tlv(SEQUENCE, *encoded)))

    def token_style(self, tokens, spki):
        """The ballot style that the tokens, one of each issuer, give; every signature checked."""
        m, entries, styles = self.manifest, parse(tokens).reader().rest(), set()
        require(len(entries) == len(m["token_issuers"]), "carries another number of tokens than there are issuers")
        message = tlv(SEQUENCE, tlv(UTF8, b"ballot-token-v1"), tlv(UTF8, m["id"].encode()), tlv(OCTETS, sha256(spki)))
        for entry, issuer in zip(entries, m["token_issuers"]):
            reader = entry.reader()
            require(reader.take(INTEGER).integer() == 1, "carries a token of another version")
            key = self.keys.get(reader.take(OCTETS).body.hex())
            prefix, signature = reader.take(OCTETS).body, reader.take(OCTETS).body
            reader.done()
            require(key and key.issuer == issuer, "carries a token of a key that is not this issuer's in the manifest")
            require(len(prefix) == 32 and key.verifies(signature, prefix + message),
                    "carries a token that does not verify")
            styles.add(key.style)
        require(len(styles) == 1, "carries tokens of several styles")
        return styles.pop()


class Ballot:
    """One file. Breaking the form raises Malformed; a vote that breaks a rule has that rule in `rule`."""

    def __init__(self, rules, data):
        m, package = rules.manifest, rules.package
        self.rule, self.choices = None, {}
        require(len(data) <= 1 << 16, "is larger than 64 KiB")
        message = SignedMessage(data, signing_time=False)
        certificate = message.certificate
        key = certificate.key
        self.spki = key.spki
        require(key.curve == P256, "has a ballot key that is not P-256")
        require(certificate.issuer == package.ballot_ca.subject, "is by a certificate that is not from the Ballot CA")
        require((certificate.begins, certificate.ends) == tuple(
            m["voting"][end].replace("-", "").replace(":", "").replace("T", "") for end in ("opens", "closes")),
            "has a certificate whose validity is not the voting window")
        _, tokens = certificate.extensions.get(f"{m['arc']}.2.1", (False, None))
        require(tokens is not None, "carries no token")
        require(certificate.tbs == rules.expected_tbs(key.spki, key.bits, tokens),
                "has a certificate that does not follow from its key")
        self.style = rules.token_style(tokens, key.spki)
        require(message.content is not None, "has no content")
        package.check_signature(data, "ballot", signing_time=False)
        envelope = Envelope(message.content, rules.recipient)
        self.ephemeral = envelope.ephemeral
        good, plain = package.openssl.run("cms", "-decrypt", "-inform", "DER", "-binary", "-in", "@message", "-inkey",
                                          "@key",
                                          message=message.content, key=rules.key_file)
        try:
            self.read_vote(rules, plain if good else None)
        except Malformed as problem:
            self.rule = str(problem)

    def read_vote(self, rules, plain):
        m = rules.manifest
        require(plain is not None, "ballot.open")
        require(len(plain) == m["plaintext_size"], "ballot.plaintext.size")
        try:
            vote = parse_json(plain, "plaintext")
        except Malformed:
            raise Malformed("ballot.plaintext.malformed") from None
        require(set(vote["pad"]) <= {"0"}, "ballot.plaintext.pad")
        require((vote["election"], vote["manifest"]) == (m["id"], rules.manifest_hash), "ballot.manifest")
        require(vote["ballot"] == hexhash(self.spki), "ballot.copied")
        require(vote["style"] == self.style, "vote.style")
        for given in vote["contests"]:
            require(given["id"] in rules.contests, "vote.contest")
            contest, chosen = rules.contests[given["id"]], given["choices"]
            known, rule = [candidate["id"] for candidate in contest["candidates"]], contest["rules"]
            limit = rule.get("max_choices", {"plurality": 1, "n-of-m": rule["seats"]}.get(rule["method"], len(known)))
            require(len(chosen) <= limit, "vote.choices")
            for place, who in enumerate(chosen):
                require(who in known, "vote.candidate")
                require(who not in chosen[:place], "vote.repeated")
        require([given["id"] for given in vote["contests"]] == rules.styles[self.style], "vote.style")
        self.choices = {given["id"]: given["choices"] for given in vote["contests"]}


def mark_repeated(ballots):
    """Of ballots that share an ephemeral x and break no other rule, only the one with the smallest leaf counts."""
    seen = set()
    for leaf in sorted(ballots):
        ballot = ballots[leaf]
        if ballot.rule is None:
            if ballot.ephemeral in seen:
                ballot.rule, ballot.choices = "ballot.repeated_ephemeral", {}
            seen.add(ballot.ephemeral)
