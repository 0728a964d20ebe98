"""The trustees' part of a package, from docs/formats/trustees.md: ceremony, rehearsals, shares, election key."""
import base64
import re

from asn1 import (BASE, BITS, EC_KEY, INTEGER, OCTETS, ORDERS, P256, SEQUENCE, Certificate, Envelope, Malformed,
                  PublicKey,
                  add, algorithm, decode_point, encode_point, multiply, name, oid, parse, require, tlv)
from canonical import canonical, decode_base64, parse_json, seconds
from package import hexhash

ORDER = ORDERS[P256]
STEPS = ["commit", "reveal", "deal", "complaint", "justify", "confirm"]
TRANSCRIPT = "trustees/transcript.json"


def json_hash(value):
    return hexhash(canonical(value).encode())


def exactly(value, names, what):
    require(isinstance(value, dict) and set(value) == set(names), f"{what} does not have exactly its members")


def points(texts):
    require(isinstance(texts, list) and all(isinstance(text, str) and re.fullmatch("[0-9a-f]{130}", text)
                                            for text in texts),
            "has points that are not hex")
    return [decode_point(bytes.fromhex(text)) for text in texts]


def evaluate(commitments, at):
    """sum over k of at^k * C_k."""
    result = None
    for point in reversed(commitments):
        result = add(multiply(at, result) if result else None, point)
    return result


class Ceremony:
    def __init__(self, package):
        self.package, self.plan, self.hash = package, None, ""
        self.certificates, self.share_points, self.joint = [], [], None
        data = package.read(TRANSCRIPT)
        self.hash, self.transcript = hexhash(data), parse_json(data)
        exactly(self.transcript, ["commitments", "dealers", "joint_key", "messages", "plan", "plan_sha256",
                                  "share_points", "type",
                                  "version"], "the transcript")
        require((self.transcript["type"], self.transcript["version"]) == ("uvpki-ceremony-transcript", 1),
                "is of another type")
        self.check_plan()
        self.check_key()

    def check_plan(self):
        plan, manifest = self.transcript["plan"], self.package.manifest
        exactly(plan, ["attempt", "election", "m", "n", "previous", "time", "trustees", "type", "version"], "the plan")
        require((plan["type"], plan["version"], plan["election"]) == ("uvpki-ceremony-plan", 1, manifest["id"]),
                "holds the plan of another type or election")
        self.n, self.m = plan["n"], plan["m"]
        require(isinstance(self.n, int) and isinstance(self.m, int) and self.n < 2 * self.m <= 2 * self.n <= 64,
                "has a wrong quorum")
        require(isinstance(plan["attempt"], int) and plan["attempt"] >= 1, "has a wrong attempt")
        require((plan["previous"] is None) == (plan["attempt"] == 1), "does not name the attempt before")
        require(isinstance(plan["trustees"], list) and len(plan["trustees"]) == self.n,
                "has another number of trustees")
        require(json_hash(plan) == self.transcript["plan_sha256"], "has a plan_sha256 that is not the plan's")
        for trustee in plan["trustees"]:
            exactly(trustee, ["certificate", "encryption_certificate", "name"], "a trustee of the plan")
            pair = [Certificate(decode_base64(trustee[key])) for key in ("certificate", "encryption_certificate")]
            self.package.check_path(pair[0], "trustee", seconds(plan["time"]))
            self.package.check_path(pair[1], "trustee-enc", seconds(plan["time"]))
            self.certificates.append(pair)
        keys = [certificate.key.spki for pair in self.certificates for certificate in pair]
        require(len(set(keys)) == len(keys), "has a trustee's key twice")
        self.plan = plan

    def check_key(self):
        t = self.transcript
        dealers, commitments = [points(row) for row in t["dealers"]], points(t["commitments"])
        require(len(dealers) == self.n and all(len(row) == self.m for row in dealers),
                "has another number of commitments")
        sums = []
        for k in range(self.m):
            total = None
            for row in dealers:
                total = add(total, row[k])
            sums.append(encode_point(total).hex())
        require(sums == t["commitments"], "has commitments that are not the sums of the dealers'")
        require(t["joint_key"] == sums[0], "has another joint key")
        shares = [encode_point(evaluate(commitments, j)).hex() for j in range(1, self.n + 1)]
        require(shares == t["share_points"], "has share points that do not follow from the commitments")
        self.joint, self.share_points, self.dealers = sums[0], shares, dealers

    def check_manifest(self):
        """What the manifest says about trustees and key is what the ceremony gave."""
        manifest = self.package.manifest
        stated, election = manifest["trustees"], Certificate(decode_base64(manifest["election_certificate"]))
        require(stated["transcript"] == self.hash, "names another transcript")
        members = [{"certificate": pair[0].sha256, "index": number, "name": trustee["name"], "share_point": share}
                   for number, (pair, trustee, share) in enumerate(zip(self.certificates, self.plan["trustees"],
                                                                       self.share_points), 1)]
        require((stated["threshold"], sorted(stated["members"], key=lambda member: member["index"])) == (self.m,
                members), "has other trustees than the ceremony")
        require(election.key.bits.hex() == self.joint,
                "has an election certificate with another key than the trustees'")

    def check_messages(self):
        package, listed = self.package, self.transcript["messages"]
        by_hash = {hexhash(data): path for path, data in package.files.items() if path.startswith("trustees/ceremony/")}
        self.posted, order = {}, []
        for entry in listed:
            exactly(entry, ["sha256", "step", "trustee"], "a message of the transcript")
            key = (entry["step"], entry["trustee"])
            require(key not in self.posted and key[0] in STEPS and key[1] in range(1, self.n + 1),
                    f"has the message {key} wrongly")
            self.posted[key] = entry["sha256"]
            order.append((STEPS.index(key[0]), key[1]))
            require(entry["sha256"] in by_hash, f"names a message that is not there: {entry['sha256']}")
        require(order == sorted(order), "has messages out of order")
        for step in ("commit", "reveal", "deal", "confirm"):
            require(all((step, number) in self.posted for number in range(1, self.n + 1)), f"lacks a {step}")
        for path in sorted(set(by_hash.values()) | {p for p in package.files if p.startswith("trustees/ceremony/")}):
            if hexhash(package.files[path]) not in self.posted.values():
                package.bad(path, "is not in the transcript")
            elif by_hash[hexhash(package.files[path])] != path:
                package.bad(path, "is there twice")
        self.contents = {}
        for entry in listed:
            path = by_hash[entry["sha256"]]
            with package.about(path):
                self.check_message(package.files[path], entry["step"], entry["trustee"])
        self.check_complaints()

    def seen(self, step):
        before = STEPS[:min(STEPS.index(step), 3)]
        return hexhash(b"".join(bytes.fromhex(self.posted[(earlier, number)]) for earlier in before
                                for number in range(1, self.n + 1)))

    def check_message(self, data, step, number):
        message = self.package.check_signature(data, "trustee")
        require(message.certificate.der == self.certificates[number - 1][0].der, "is by another trustee")
        content = parse_json(message.content)
        own = {"commit": "commitments_sha256", "reveal": "commitments", "deal": "shares", "confirm": "share_point",
               "complaint": "against", "justify": "shares"}[step]
        common = {"election": self.plan["election"], "m": self.m, "n": self.n,
                  "name": self.plan["trustees"][number - 1]["name"],
                  "plan": self.transcript["plan_sha256"], "trustee": number, "type": f"uvpki-ceremony-{step}",
                  "version": 1}
        if step != "commit":
            common["seen"] = self.seen(step)
        exactly(content, [own, *common], "the message")
        for key, value in common.items():
            require(content[key] == value, f"has another {key} than the ceremony")
        value, self.contents[(step, number)] = content[own], content[own]
        if step == "commit":
            row = [encode_point(point).hex() for point in self.dealers[number - 1]]
            require(value == json_hash({"commitments": row, "plan": common["plan"], "trustee": number}),
                    "does not fit what this trustee revealed")
        elif step == "reveal":
            require(value == self.transcript["dealers"][number - 1],
                    "reveals other commitments than the transcript has")
        elif step == "deal":
            others = [j for j in range(1, self.n + 1) if j != number]
            require([share.get("to") for share in value] == others, "does not deal to all others in order")
            for share in value:
                exactly(share, ["envelope", "to"], "a dealt share")
                envelope = Envelope(decode_base64(share["envelope"]), self.certificates[share["to"] - 1][1])
                require(envelope.size == 23 + 32 + 1 + 1 + 32, "has an envelope of another size")
        elif step == "confirm":
            require(value == self.share_points[number - 1], "confirms another share point")

    def check_complaints(self):
        """Every complaint was answered by a share that fits; nobody justified unasked."""
        asked = {}
        for (step, number), value in self.contents.items():
            if step == "complaint":
                require(value and value == sorted(set(value)) and set(value) <= set(range(1, self.n + 1)) - {number},
                        "has a complaint against nobody or out of order")
                for dealer in value:
                    asked.setdefault(dealer, []).append(number)
        justified = {number: value for (step, number), value in self.contents.items() if step == "justify"}
        require(set(justified) == set(asked), "has complaints without justification, or the other way round")
        for dealer, shares in justified.items():
            require([share["to"] for share in shares] == sorted(asked[dealer]), "has a justification of other shares")
            for share in shares:
                scalar = int(share["share"], 16)
                require(len(share["share"]) == 64 and 0 < scalar < ORDER, "has a justified share out of range")
                require(multiply(scalar, BASE) == evaluate(self.dealers[dealer - 1], share["to"]),
                        "has a justified share that does not fit")

    def check_rehearsal(self, number):
        reader = parse(self.package.read(f"trustees/rehearsal-{number}.csr")).reader()
        info, kind, signature = reader.take(SEQUENCE), algorithm(reader.take(SEQUENCE)), reader.take(BITS).bits()
        reader.done()
        inner = info.reader()
        require(inner.take(INTEGER).integer() == 0, "is a request of another version")
        subject, key = inner.take(SEQUENCE).raw, PublicKey(inner.take(SEQUENCE))
        inner.take(0xA0)
        inner.done()
        asked = {"challenge": self.plan["election"].encode().hex(), "transcript": self.hash, "trustee": number}
        require(subject == name(("2.5.4.10", "Trustee rehearsal"), ("2.5.4.3", json_hash(asked))),
                "answers something else")
        require(key.bits.hex() == self.share_points[number - 1], f"is not signed with the share of trustee {number}")
        require(kind == key.signature_algorithm and self.package.openssl.signed(key, signature, info.raw),
                "is not signed by its key")

    def check_checkpoint_signature(self, path, number):
        message = self.package.check_signature(self.package.read(path), "trustee", signing_time=None)
        require(message.certificate.key.spki == self.certificates[number - 1][0].key.spki,
                f"is not by trustee {number}")
        require(message.content == self.package.read("log/checkpoint"), "is not over log/checkpoint")


def read_private_key(data):
    """The scalar of a PKCS#8 PEM file whose public point is its own."""
    begin, end = b"-----BEGIN PRIVATE KEY-----\n", b"-----END PRIVATE KEY-----\n"
    require(data.startswith(begin) and data.endswith(end), "is not one PEM block PRIVATE KEY")
    try:
        der = base64.b64decode(data[len(begin):-len(end)].replace(b"\n", b""), validate=True)
    except ValueError:
        raise Malformed("is not PEM") from None
    require(len(der) == 138, "is not the PKCS#8 of a P-256 key with its public point")
    scalar = int.from_bytes(der[36:68], "big")
    require(0 < scalar < ORDER, "has a scalar out of range")
    point = encode_point(multiply(scalar, BASE))
    key = tlv(SEQUENCE, tlv(INTEGER, b"\1"), tlv(OCTETS, scalar.to_bytes(32, "big")),
              tlv(0xA1, tlv(BITS, b"\0", point)))
    expected = tlv(SEQUENCE, tlv(INTEGER, b"\0"), tlv(SEQUENCE, oid(EC_KEY), oid(P256)), tlv(OCTETS, key))
    again = base64.b64encode(expected)
    require(begin + b"".join(again[at:at + 64] + b"\n" for at in range(0, len(again), 64)) + end == data,
            "is not the PKCS#8 of a P-256 key with its public point")
    return scalar, point.hex()


def check_trustees(package):
    """Everything under trustees/ and the election key; the scalar of the key if it is right."""
    ceremony = None
    with package.about(TRANSCRIPT):
        ceremony = Ceremony(package)
    if ceremony is None:
        return
    with package.about("manifest.json"):
        ceremony.check_manifest()
    with package.about(TRANSCRIPT):
        ceremony.check_messages()
    shares, signers = {}, 0
    for number in range(1, ceremony.n + 1):
        with package.about(f"trustees/rehearsal-{number}.csr"):
            ceremony.check_rehearsal(number)
        path = f"trustees/checkpoint-{number}.p7m"
        if path in package.files:
            signers += 1
            with package.about(path):
                ceremony.check_checkpoint_signature(path, number)
        path = f"trustees/share-{number}.pem"
        if path in package.files:
            with package.about(path):
                scalar, point = read_private_key(package.read(path))
                require(point == ceremony.share_points[number - 1], f"is not the share of trustee {number}")
                shares[number] = scalar
    if len(shares) < ceremony.m:
        package.bad("trustees", f"{len(shares)} shares are fewer than the threshold of {ceremony.m}")
    if signers < ceremony.m:
        package.bad("trustees", f"{signers} signed checkpoints are fewer than the threshold of {ceremony.m}")
    with package.about("election-key.pem"):
        scalar, point = read_private_key(package.read("election-key.pem"))
        require(point == ceremony.joint, "is not the key of the ceremony")
        chosen = sorted(shares)[:ceremony.m]
        total = 0
        for j in chosen if len(chosen) == ceremony.m else []:
            part = shares[j]
            for other in chosen:
                if other != j:
                    part = part * other * pow(other - j, -1, ORDER) % ORDER
            total = (total + part) % ORDER
        require(len(chosen) < ceremony.m or total == scalar, "is not what the shares give")


