"""What all steps of the second verifier share: the folder, the findings, the openssl command, signatures and roles."""
import base64
import contextlib
import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from asn1 import ID_DATA, Malformed, SignedMessage, TimeStamp, parse, require
from canonical import decode_base64, parse_json, seconds

ROLES = {"voter": 5, "ballot": 6, "tsa": 7, "officer": 11, "registrar": 12, "trustee": 13, "trustee-enc": 15,
         "election": 16}
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "SSL_CERT_DIR": "/nonexistent", "SSL_CERT_FILE":
    "/nonexistent",
               "OPENSSL_CONF": os.devnull, "LC_ALL": "C"}


def sha256(data):
    return hashlib.sha256(data).digest()


def hexhash(data):
    return hashlib.sha256(data).hexdigest()


class OpenSsl:
    """Runs the openssl command on bytes. The same question is asked once: what it answers depends on nothing else."""

    def __init__(self):
        self.answers = {}

    def run(self, *arguments, **files):
        """Success and standard output; an argument @x is the path of the file that holds the bytes of the keyword x."""
        question = arguments, tuple((key, sha256(data)) for key, data in sorted(files.items()))
        if question not in self.answers:
            with tempfile.TemporaryDirectory(prefix="second-") as folder:
                for key, data in files.items():
                    (Path(folder) / key).write_bytes(data)
                command = ["openssl", *(f"{folder}/{part[1:]}" if part[0] == "@" else part for part in arguments)]
                done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, check=False, timeout=120)
            self.answers[question] = done.returncode == 0, done.stdout
        return self.answers[question]

    def signed(self, key, signature, data):
        """Whether `signature` over `data` is by the public key, with the digest that belongs to it."""
        digest = "-sha384" if key.signature_algorithm.endswith(".3") else "-sha256"
        return self.run("dgst", digest, "-keyform", "DER", "-verify", "@key", "-signature", "@signature", "@data",
                        key=key.spki, signature=signature, data=data)[0]


def pem_blocks(data, label="CERTIFICATE"):
    """The DER of each block of a file that is nothing but such blocks."""
    begin, end = f"-----BEGIN {label}-----\n".encode(), f"-----END {label}-----\n".encode()
    blocks = re.findall(begin + b"([A-Za-z0-9+/=\n]+)" + end, data)
    try:
        ders = [base64.b64decode(block.replace(b"\n", b""), validate=True) for block in blocks]
    except ValueError:
        raise Malformed("is not PEM") from None
    again = b"".join(begin + b"".join(text[at:at + 64] + b"\n" for at in range(0, len(text), 64)) + end
                     for text in map(base64.b64encode, ders))
    require(blocks and again == data, f"is not a plain list of PEM blocks {label}")
    return ders


class Package:
    """The folder and everything that the steps have learned about it."""

    def __init__(self, folder, openssl):
        self.folder, self.openssl, self.findings, self.revocations = Path(folder), openssl, [], {}
        self.files, self.manifest, self.chain, self.trusted = {}, None, [], b""
        self.issuing = self.ballot_ca = None

    def bad(self, file, what):
        if (file, what) not in self.findings:
            self.findings.append((file, what))

    @contextlib.contextmanager
    def about(self, file):
        """Turns what goes wrong inside into a finding about this file."""
        try:
            yield
        except Malformed as problem:
            self.bad(file, str(problem))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            self.bad(file, f"is malformed: {type(problem).__name__} {problem}")

    def read(self, path):
        """The bytes of a file; a missing file is a finding where it is asked for."""
        require(path in self.files, "is missing")
        return self.files[path]

    def load(self):
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder).as_posix()
            shown = relative.encode("utf-8", "replace").decode("utf-8")
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                self.bad(shown, "is a link or another thing that is no file")
            elif path.is_file():
                self.files[relative] = path.read_bytes()
            elif not any(path.iterdir()):
                self.bad(shown, "is an empty folder")

    def json(self, path, schema):
        return parse_json(self.read(path), schema)

    def role(self, name):
        return f"{self.manifest['arc']}.1.{ROLES[name]}"

    def verify_at(self):
        return seconds(self.manifest["verify_at"])

    def token_keys(self):
        """The subjectPublicKey octets of the manifest's token keys."""
        nodes = (parse(decode_base64(key["spki"])).reader().rest() for key in self.manifest["token_keys"])
        return [pair[1].bits() for pair in nodes]

    def check_role(self, certificate, role):
        """The policy and the issuing CA together are the role."""
        issuer = self.ballot_ca if role == "ballot" else self.issuing
        require(issuer and certificate.issuer == issuer.subject,
                f"is by a certificate that is not from the CA of role {role}")
        require(certificate.policies() == [self.role(role)], f"is by a certificate that does not have the role {role}")

    def check_path(self, certificate, role, at):
        """For certificates that signed nothing in the package."""
        self.check_role(certificate, role)
        pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate.der) + b"-----END CERTIFICATE-----\n"
        good, _ = self.openssl.run("verify", "-no-CApath", "-no-CAstore", "-CAfile", "@chain", "-attime", str(at),
                                   "-policy",
                                   self.role(role), "-explicit_policy", "@leaf", chain=self.trusted, leaf=pem)
        require(good, f"has a certificate that does not lead to the root with role {role} at that time")
        self.check_revocation(certificate, at)

    def check_revocation(self, certificate, at):
        when = self.revocations.get(certificate.issuer, {}).get(certificate.serial)
        require(when is None or seconds(when) > at, "is by a certificate that was revoked by then")

    def check_signature(self, data, role, content=None, signing_time=True):
        """The message, after its form, digest, signature, path, role and revocation at the election's one time."""
        message = SignedMessage(data, signing_time)
        require(message.type == ID_DATA, "signs another content type")
        require((message.content is None) == (content is not None), "has its content in the wrong place")
        message.check_digest(message.content if content is None else content)
        self.check_role(message.certificate, role)
        require(message.certificate.key.bits not in self.token_keys(),
                "is signed with a token key, which signs nothing else")
        detached = [] if content is None else ["-content", "@content"]
        files = {} if content is None else {"content": content}
        good, _ = self.openssl.run("cms", "-verify", "-cades", "-inform", "DER", "-binary", "-in", "@message",
                                   "-CAfile", "@chain",
                                   "-no-CApath", "-no-CAstore", "-attime", str(self.verify_at()), "-policy",
                                   self.role(role),
                                   "-explicit_policy", "-out", os.devnull, *detached, message=data, chain=self.trusted,
                                   **files)
        require(good, "has a signature that does not verify")
        self.check_revocation(message.certificate, self.verify_at())
        return message

    def check_stamp(self, path):
        """The time of the RFC 3161 response over the list `path`, by the TSA of the manifest, checked at its own time."""
        response, data = self.read(path.replace(".sha256", ".tsr")), self.files[path]
        stamp = TimeStamp(response)
        if stamp.imprint != sha256(data):
            self.bad(path, "is not what was stamped")  # either of the two may be the altered one
            raise Malformed("stamps something else")
        require(stamp.policy == self.role("tsa"), "is stamped under another policy")
        tsa = self.manifest["tsa_certificate"]
        require(base64.b64encode(stamp.certificate.der).decode() == tsa, "is not by the TSA of the manifest")
        when = seconds(stamp.time)
        good, _ = self.openssl.run("ts", "-verify", "-in", "@response", "-data", "@data", "-CAfile", "@chain",
                                   "-attime",
                                   str(when), response=response, data=data, chain=self.trusted)
        require(good, "has a stamp that does not verify at its own time")
        self.check_path(stamp.certificate, "tsa", when)
        return when


def hash_list(data):
    """[(hash, path)] of a file in sha256sum form."""
    text = data.decode("utf-8", "replace")
    entries = re.findall(r"([0-9a-f]{64})  ([^\n]+)\n", text)
    require("".join(f"{value}  {path}\n" for value, path in entries) == text, "is malformed: not in sha256sum form")
    return entries

