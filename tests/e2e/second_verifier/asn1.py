"""Strict DER, and the certificates, revocation lists and CMS messages of an election package, as in docs/formats."""
import functools
import hashlib

SEQUENCE, SET, INTEGER, BITS, OCTETS, NULL, OID, UTF8, UTC, GENERALIZED = 0x30, 0x31, 2, 3, 4, 5, 6, 12, 0x17, 0x18
ID_DATA, ID_SIGNED, ID_ENVELOPED, ID_TST = ("1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2",
                                            "1.2.840.113549.1.9.16.1.23",
                                            "1.2.840.113549.1.9.16.1.4")
EC_KEY, P256, P384, RSA = "1.2.840.10045.2.1", "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.2.840.113549.1.1.1"
SHA256, SHA384 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
ECDSA_SHA256, ECDSA_SHA384, RSA_SHA256 = "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.113549.1.1.11"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE = (
    "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47")
KEY_USAGE, KEY_ID, AUTHORITY_KEY_ID, POLICIES = "2.5.29.15", "2.5.29.14", "2.5.29.35", "2.5.29.32"
EXPIRED_CERTIFICATES = "2.5.29.60"
ORDERS = {P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
          P384: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973}
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
CURVE_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


class Malformed(Exception):
    """The bytes are not what the format says; the text is the finding."""


def require(condition, what):
    if not condition:
        raise Malformed(what)


class Node:
    """One DER value: its tag, its content and the whole of it."""

    def __init__(self, data, at=0):
        require(len(data) >= at + 2, "ends in the middle of a DER value")
        self.tag, length, start = data[at], data[at + 1], at + 2
        require(self.tag & 31 != 31, "has a DER tag of several bytes")
        require(length != 0x80 and length < 0x85, "is not DER: indefinite or huge length")
        if length > 0x80:
            size = length & 127
            length = int.from_bytes(data[start:start + size], "big")
            require(length >= 128 and length >> (8 * (size - 1)), "is not DER: length not minimal")
            start += size
        self.end = start + length
        require(self.end <= len(data), "ends in the middle of a DER value")
        self.body, self.raw = data[start:self.end], data[at:self.end]

    def reader(self):
        require(self.tag & 0x20, "has a primitive value where a constructed one belongs")
        return Reader(self.body)

    def integer(self):
        require(self.tag == INTEGER and self.body, "has no integer where one belongs")
        first = self.body[:2]
        require(len(first) < 2 or not (first[0] == 0 and first[1] < 128 or first[0] == 255 and first[1] > 127),
                "is not DER: integer not minimal")
        return int.from_bytes(self.body, "big", signed=True)

    def oid(self):
        require(self.tag == OID and self.body and self.body[-1] < 128, "has no object identifier where one belongs")
        numbers, value, fresh = [], 0, True
        for byte in self.body:
            require(not (fresh and byte == 128), "is not DER: object identifier not minimal")
            value, fresh = value << 7 | byte & 127, byte < 128
            if fresh:
                numbers, value = numbers + [value], 0
        top = min(numbers[0] // 40, 2)
        return ".".join(map(str, [top, numbers[0] - 40 * top, *numbers[1:]]))

    def bits(self):
        require(self.tag == BITS and self.body[:1] == b"\0", "has no bit string of whole bytes where one belongs")
        return self.body[1:]

    def time(self):
        """As text YYYYMMDDhhmmssZ, which sorts by time; RFC 5280: UTCTime up to 2049 and GeneralizedTime from 2050."""
        text = self.body.decode("ascii", "replace")
        require(self.tag in (UTC, GENERALIZED) and len(text) == (13 if self.tag == UTC else 15)
                and text[:-1].isdigit() and text[-1] == "Z", "has no time where one belongs")
        return text if self.tag == GENERALIZED else ("19" if text[0] >= "5" else "20") + text


class Reader:
    """The values inside a constructed one, taken in order; done() refuses what is left."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def more(self, tag=None):
        return self.at < len(self.data) and (tag is None or self.data[self.at] == tag)

    def take(self, tag=None):
        node = Node(self.data, self.at)
        require(tag is None or node.tag == tag, f"has DER tag {node.tag:#04x} where {tag or 0:#04x} belongs")
        self.at = node.end
        return node

    def optional(self, tag):
        return self.take(tag) if self.more(tag) else None

    def rest(self):
        nodes = []
        while self.more():
            nodes.append(self.take())
        return nodes

    def done(self):
        require(self.at == len(self.data), "has trailing bytes or members too many")


def parse(data, tag=SEQUENCE):
    node = Node(data)
    require(node.tag == tag and node.end == len(data), "has bytes after the end, or is of another type")
    return node


def algorithm(node, parameters=b""):
    """The identifier of an AlgorithmIdentifier whose parameters must be exactly these bytes (absent by default)."""
    reader = Reader(node.body)
    require(node.tag == SEQUENCE, "has no algorithm where one belongs")
    name = reader.take(OID).oid()
    require(reader.data[reader.at:] == parameters, f"has unexpected parameters of algorithm {name}")
    return name


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big") if len(body) > 127 else b""
    return bytes([tag, 0x80 + len(size)]) + size + body if size else bytes([tag, len(body)]) + body


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for number in [first * 40 + second, *rest]:
        groups = [number & 127]
        while number := number >> 7:
            groups.insert(0, 128 | number & 127)
        out += bytes(groups)
    return tlv(OID, out)


def der_time(text):
    """From YYYYMMDDhhmmssZ."""
    return tlv(UTC, text[2:].encode()) if text < "2050" else tlv(GENERALIZED, text.encode())


def name(*pairs):
    return tlv(SEQUENCE, *(tlv(SET, tlv(SEQUENCE, oid(kind), tlv(UTF8, text.encode()))) for kind, text in pairs))


class PublicKey:
    def __init__(self, spki):
        self.spki, reader = spki.raw, spki.reader()
        head, self.bits = reader.take(SEQUENCE), reader.take(BITS).bits()
        reader.done()
        head = head.reader()
        self.kind, parameters = head.take(OID).oid(), head.take() if head.more() else None
        head.done()
        self.curve = parameters.oid() if self.kind == EC_KEY and parameters and parameters.tag == OID else None
        require(self.kind == RSA or self.curve in ORDERS, "has a key that is neither P-256, P-384 nor RSA")
        self.digest, self.signature_algorithm, self.parameters = {
            P256: (SHA256, ECDSA_SHA256, b""), P384: (SHA384, ECDSA_SHA384, b""), None: (SHA256, RSA_SHA256,
                                                                                         b"\5\0")}[self.curve]

    def hash(self, data):
        return (hashlib.sha384 if self.digest == SHA384 else hashlib.sha256)(data).digest()


class Certificate:
    def __init__(self, der):
        self.der, outer = der, parse(der).reader()
        tbs, signature_algorithm, self.signature = outer.take(SEQUENCE), outer.take(SEQUENCE), outer.take(BITS).bits()
        outer.done()
        self.tbs, reader = tbs.raw, tbs.reader()
        require(reader.take(0xA0).body == b"\2\1\2", "holds a certificate that is not version 3")
        serial = reader.take(INTEGER)
        self.serial = serial.integer()
        require(reader.take(SEQUENCE).raw == signature_algorithm.raw,
                "holds a certificate with two signature algorithms")
        self.issuer = reader.take(SEQUENCE).raw
        validity = reader.take(SEQUENCE).reader()
        self.begins, self.ends = validity.take().time(), validity.take().time()
        validity.done()
        self.subject, self.key = reader.take(SEQUENCE).raw, PublicKey(reader.take(SEQUENCE))
        self.extensions = {}
        for extension in reader.take(0xA3).reader().take(SEQUENCE).reader().rest():
            parts = extension.reader()
            kind, critical = parts.take(OID).oid(), parts.optional(1)
            require(critical is None or critical.body == b"\xff",
                    "has a certificate extension with a BOOLEAN that is not DER")
            require(kind not in self.extensions, "has a certificate with an extension twice")
            self.extensions[kind] = (critical is not None, parts.take(OCTETS).body)
            parts.done()
        reader.done()
        self.sha256 = hashlib.sha256(der).hexdigest()

    def policies(self):
        if POLICIES not in self.extensions:
            return []
        return [entry.reader().take(OID).oid() for entry in parse(self.extensions[POLICIES][1]).reader().rest()]

    def common_name(self):
        for rdn in parse(self.subject).reader().rest():
            pair = rdn.reader().take(SEQUENCE).reader()
            if pair.take(OID).oid() == "2.5.4.3":
                return pair.take().body.decode("utf-8", "replace")
        return ""


class RevocationList:
    """A version 2 CRL; `revoked` gives for each serial number the time from which on signatures do not count."""

    def __init__(self, der):
        outer = parse(der).reader()
        tbs, self.algorithm, self.signature = outer.take(SEQUENCE), outer.take(SEQUENCE).raw, outer.take(BITS).bits()
        outer.done()
        self.tbs, reader = tbs.raw, tbs.reader()
        require(reader.take(INTEGER).integer() == 1, "is not a version 2 revocation list")
        require(reader.take(SEQUENCE).raw == self.algorithm, "has two signature algorithms")
        self.issuer, self.begins, self.ends = reader.take(SEQUENCE).raw, reader.take().time(), reader.take().time()
        self.revoked = {}
        entries = reader.optional(SEQUENCE)
        for entry in entries.reader().rest() if entries else []:
            parts = entry.reader()
            serial, when, extensions = parts.take(INTEGER).integer(), parts.take().time(), {}
            for extension in parts.take(SEQUENCE).reader().rest() if parts.more() else []:
                inner = extension.reader()
                kind = inner.take(OID).oid()
                inner.optional(1)
                extensions[kind] = inner.take(OCTETS).body
            if extensions.get("2.5.29.21") == b"\x0a\1\1" and "2.5.29.24" in extensions:  # keyCompromise
                when = parse(extensions["2.5.29.24"], GENERALIZED).time()
            self.revoked[serial] = when
            parts.done()
        self.extensions = {}
        for extension in reader.take(0xA0).reader().take(SEQUENCE).reader().rest():
            parts = extension.reader()
            kind, _ = parts.take(OID).oid(), parts.optional(1)
            self.extensions[kind] = parts.take(OCTETS).body
            parts.done()
        reader.done()


def check_low_signature(signature, key):
    if key.curve is None:
        return
    reader = parse(signature).reader()
    numbers = [reader.take(INTEGER).integer() for _ in range(2)]
    reader.done()
    order = ORDERS[key.curve]
    require(all(0 < number < order for number in numbers), "has a signature out of range")
    require(numbers[1] <= order // 2, "has a signature with a high s")


class SignedMessage:
    """cms.md's SignedData: every rule of the form; the signature and the path are openssl's to check."""

    def __init__(self, data, signing_time):
        require(len(data) <= 1 << 24, "is larger than 16 MiB")
        outer = parse(data).reader()
        require(outer.take(OID).oid() == ID_SIGNED, "is not a SignedData")
        wrapped = outer.take(0xA0).reader()
        outer.done()
        reader = wrapped.take(SEQUENCE).reader()
        wrapped.done()
        version, digests = reader.take(INTEGER).integer(), reader.take(SET).reader()
        content = reader.take(SEQUENCE).reader()
        digest = algorithm(digests.take(SEQUENCE))
        digests.done()
        self.type = content.take(OID).oid()
        holder = content.optional(0xA0)
        content.done()
        self.content = parse(holder.body, OCTETS).body if holder else None
        require((version, self.type) in ((1, ID_DATA), (3, ID_TST)), "has another version or content type")
        certificates = reader.take(0xA0).reader()
        self.certificate = Certificate(certificates.take(SEQUENCE).raw)
        require(not certificates.more(), "has more than one certificate")
        require(not reader.more(0xA1), "has revocation lists")
        signers = reader.take(SET).reader()
        reader.done()
        signer = signers.take(SEQUENCE).reader()
        require(not signers.more(), "has more than one signer")
        certificate, key = self.certificate, self.certificate.key
        identity = certificate.issuer + tlv(INTEGER, certificate.serial.to_bytes(certificate.serial.bit_length() // 8
                                                                                 + 1, "big"))
        require(signer.take(INTEGER).integer() == 1, "has a signer of another version")
        require(signer.take(SEQUENCE).body == identity, "names another signer than its certificate")
        require(digest == key.digest == algorithm(signer.take(SEQUENCE)),
                "has another digest algorithm than its key asks for")
        attributes, pieces, self.time = signer.take(0xA0), {}, None
        nodes = attributes.reader().rest()
        require([node.raw for node in nodes] == sorted(node.raw for node in nodes),
                "has signed attributes out of order")
        for node in nodes:
            parts = node.reader()
            kind, values = parts.take(OID).oid(), parts.take(SET).reader()
            parts.done()
            require(kind not in pieces, "has a signed attribute twice")
            pieces[kind] = values.take()
            values.done()
        if signing_time is None:  # as the signer likes
            signing_time = SIGNING_TIME in pieces
        expected = {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE} | ({SIGNING_TIME} if signing_time else set())
        require(set(pieces) == expected, "has other signed attributes than its kind of document")
        require(pieces[CONTENT_TYPE].oid() == self.type, "signs another content type")
        self.digest = parse(pieces[MESSAGE_DIGEST].raw, OCTETS).body
        if signing_time:
            self.time = pieces[SIGNING_TIME].time()
        ess = tlv(SEQUENCE, tlv(SEQUENCE, tlv(SEQUENCE, tlv(OCTETS, hashlib.sha256(certificate.der).digest()), tlv(
            SEQUENCE, tlv(SEQUENCE, tlv(0xA4, certificate.issuer)), identity[len(certificate.issuer):]))))
        require(pieces[SIGNING_CERTIFICATE].raw == ess, "has a signingCertificateV2 that does not name its certificate")
        require(algorithm(signer.take(SEQUENCE), key.parameters) == key.signature_algorithm,
                "has another signature algorithm")
        check_low_signature(signer.take(OCTETS).body, key)
        require(not signer.more(0xA1), "has unsigned attributes")
        signer.done()

    def check_digest(self, content):
        require(self.certificate.key.hash(content) == self.digest, "does not sign this content")


class TimeStamp:
    """An RFC 3161 response that grants a token of cms.md's form: what is stamped, when, and by which certificate."""

    def __init__(self, data):
        outer = parse(data).reader()
        status = outer.take(SEQUENCE).reader()
        require(status.take(INTEGER).integer() in (0, 1), "is a refusal to stamp")
        message = SignedMessage(outer.take(SEQUENCE).raw, signing_time=False)
        outer.done()
        require(message.type == ID_TST and message.content is not None, "holds no time stamp")
        message.check_digest(message.content)
        self.certificate, reader = message.certificate, parse(message.content).reader()
        require(reader.take(INTEGER).integer() == 1, "holds a time stamp of another version")
        self.policy, imprint = reader.take(OID).oid(), reader.take(SEQUENCE).reader()
        require(algorithm(imprint.take(SEQUENCE), imprint_null(imprint)) == SHA256,
                "stamps with another hash than SHA-256")
        self.imprint = imprint.take(OCTETS).body
        imprint.done()
        reader.take(INTEGER).integer()
        self.time = reader.take(GENERALIZED).time()
        nonce = reader.optional(INTEGER)
        require(nonce is None or nonce.integer() >= 0, "has a negative nonce")
        reader.done()


def imprint_null(imprint):
    """The imprint's hash parameters are the request's: absent, or NULL as `openssl ts -query` writes them."""
    return b"\5\0" if imprint.data[:2] == b"\x30\x0d" else b""


class Envelope:
    """cms.md's AuthEnvelopedData to exactly one recipient; `ephemeral` is the x coordinate of the originator's key."""

    def __init__(self, data, recipient):
        outer = parse(data).reader()
        require(outer.take(OID).oid() == ID_ENVELOPED, "holds no AuthEnvelopedData")
        wrapped = outer.take(0xA0).reader()
        outer.done()
        reader = wrapped.take(SEQUENCE).reader()
        wrapped.done()
        require(reader.take(INTEGER).integer() == 0, "holds an envelope of another version")
        recipients = reader.take(SET).reader()
        agreement = recipients.take(0xA1).reader()
        require(not recipients.more(), "holds an envelope with more than one recipient")
        require(agreement.take(INTEGER).integer() == 3, "holds a recipient of another version")
        originator = agreement.take(0xA0).reader()
        key = originator.take(0xA1).reader()
        originator.done()
        require(algorithm(key.take(SEQUENCE)) == EC_KEY,
                "has an ephemeral key that is not an EC key without parameters")
        point = key.take(BITS).bits()
        key.done()
        self.ephemeral = decode_point(point)[0]
        require(not agreement.more(0xA1), "has user keying material")
        wrap = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.1.45"))
        require(algorithm(agreement.take(SEQUENCE), wrap) == "1.3.132.1.11.1", "has another key agreement or KDF")
        keys = agreement.take(SEQUENCE).reader()
        agreement.done()
        entry = keys.take(SEQUENCE).reader()
        require(not keys.more(), "has more than one recipient key")
        serial = tlv(INTEGER, recipient.serial.to_bytes(recipient.serial.bit_length() // 8 + 1, "big"))
        require(entry.take(SEQUENCE).body == recipient.issuer + serial,
                "is not addressed to the recipient it should have")
        require(len(entry.take(OCTETS).body) == 40, "has a wrapped key of another length")
        entry.done()
        content = reader.take(SEQUENCE).reader()
        require(content.take(OID).oid() == ID_DATA, "has an envelope with another content type")
        cipher = content.take(SEQUENCE).reader()
        require(cipher.take(OID).oid() == "2.16.840.1.101.3.4.1.46", "is not encrypted with AES-256-GCM")
        gcm = cipher.take(SEQUENCE).reader()
        cipher.done()
        require(len(gcm.take(OCTETS).body) == 12, "has a nonce that is not of 12 octets")
        require(gcm.more() and gcm.take(INTEGER).integer() == 16, "does not state ICVlen 16")
        gcm.done()
        self.size = len(content.take(0x80).body)
        content.done()
        require(reader.more(OCTETS), "has attributes in the envelope")
        require(len(reader.take(OCTETS).body) == 16, "has a tag that is not of 16 octets")
        require(not reader.more(), "has attributes in the envelope")


# P-256; None is the point at infinity. For public values and published keys only.

def decode_point(data):
    require(len(data) == 65 and data[0] == 4, "has a point that is not uncompressed P-256")
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    require(x < PRIME and y < PRIME and (y * y - x * x * x + 3 * x - CURVE_B) % PRIME == 0, "has a point off the curve")
    return x, y


def encode_point(point):
    require(point is not None, "has the point at infinity")
    return b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def add(left, right):
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % PRIME == 0:
            return None
        slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, PRIME)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, PRIME)
    x = (slope * slope - left[0] - right[0]) % PRIME
    return x, (slope * (left[0] - x) - left[1]) % PRIME


@functools.lru_cache(maxsize=1 << 14)
def multiply(scalar, point):
    """scalar x point, doubling and adding in Jacobian coordinates: one inversion at the end instead of one per step."""
    if point is None:
        return None
    x, y, z = 0, 1, 0  # infinity
    for bit in bin(scalar)[2:]:
        square = y * y % PRIME
        slope, four = 3 * (x - z * z) * (x + z * z) % PRIME, 4 * x * square % PRIME
        z = 2 * y * z % PRIME
        x = (slope * slope - 2 * four) % PRIME
        y = (slope * (four - x) - 8 * square * square) % PRIME
        if bit == "0":
            continue
        if z == 0:
            x, y, z = *point, 1
            continue
        zz = z * z % PRIME
        h, r = (point[0] * zz - x) % PRIME, (point[1] * zz * z - y) % PRIME
        if h == 0:  # the same point or its mirror image: small scalars only
            inverse = pow(z, -1, PRIME)
            total = add((x * inverse**2 % PRIME, y * inverse**3 % PRIME), point)
            x, y, z = (*total, 1) if total else (0, 1, 0)
            continue
        cube, middle = h * h * h % PRIME, x * h * h % PRIME
        x = (r * r - cube - 2 * middle) % PRIME
        y, z = (r * (middle - x) - y * cube) % PRIME, z * h % PRIME
    if z == 0:
        return None
    inverse = pow(z, -1, PRIME)
    return x * inverse * inverse % PRIME, y * inverse**3 % PRIME


BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
