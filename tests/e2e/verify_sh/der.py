"""DER, P-256 and P-384 in plain Python: enough to write certificates and CMS messages exactly as a test wants them."""
import hashlib
import secrets


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(size)]) + size + body


def sequence(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *sorted(parts))


def octets(content):
    return tlv(0x04, content)


def bits(content):
    return tlv(0x03, b"\0", content)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted):
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytes([first * 40 + second])
    for part in rest:
        groups = [part & 127]
        while part := part >> 7:
            groups.append(128 | part & 127)
        out += bytes(reversed(groups))
    return tlv(0x06, out)


def utf8(text):
    return tlv(0x0C, text.encode())


def time(when):
    """Seconds-exact UTC datetime as X.509 wants it: UTCTime before 2050, GeneralizedTime from then on."""
    if when.year < 2050:
        return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


class Curve:
    def __init__(self, name, prime, b, base, order, digest):
        self.name, self.prime, self.b, self.base, self.order, self.digest = name, prime, b, base, order, digest
        self.size = (prime.bit_length() + 7) // 8

    def add(self, left, right):
        if left is None or right is None:
            return left or right
        if left[0] == right[0]:
            if (left[1] + right[1]) % self.prime == 0:
                return None
            slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, self.prime)
        else:
            slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, self.prime)
        x = (slope * slope - left[0] - right[0]) % self.prime
        return x, (slope * (left[0] - x) - left[1]) % self.prime

    def multiply(self, scalar, point=None):
        result, addend = None, point or self.base
        while scalar:
            if scalar & 1:
                result = self.add(result, addend)
            addend, scalar = self.add(addend, addend), scalar >> 1
        return result


P256 = Curve(
    "1.2.840.10045.3.1.7", 2**256 - 2**224 + 2**192 + 2**96 - 1,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, hashlib.sha256)
P384 = Curve(
    "1.3.132.0.34", 2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    (0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
     0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F),
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973, hashlib.sha384)


class Key:
    """A private key on one of the two curves; for tests, so neither constant in time nor careful with memory."""

    def __init__(self, curve=P256, scalar=None):
        self.curve = curve
        self.scalar = scalar or secrets.randbelow(curve.order - 1) + 1
        x, y = curve.multiply(self.scalar)
        self.point = b"\4" + x.to_bytes(curve.size, "big") + y.to_bytes(curve.size, "big")
        self.spki = sequence(sequence(oid("1.2.840.10045.2.1"), oid(curve.name)), bits(self.point))
        name = "1.2.840.10045.4.3.2" if curve is P256 else "1.2.840.10045.4.3.3"
        self.algorithm = sequence(oid(name))

    def sign(self, message, high_s=False):
        curve = self.curve
        digest = int.from_bytes(curve.digest(message).digest(), "big")
        nonce = secrets.randbelow(curve.order - 1) + 1
        r = curve.multiply(nonce)[0] % curve.order
        s = pow(nonce, -1, curve.order) * (digest + r * self.scalar) % curve.order
        if (s > curve.order // 2) != high_s:
            s = curve.order - s
        return sequence(integer(r), integer(s))

    def pkcs8(self):
        private = sequence(integer(1), octets(self.scalar.to_bytes(self.curve.size, "big")), tlv(0xA1, bits(self.point)))
        return sequence(integer(0), sequence(oid("1.2.840.10045.2.1"), oid(self.curve.name)), octets(private))
