"""What the tests of a finished election package share: where it is, copies of it, and the two verifiers run on them."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["UVPKI_BIN"])
SOURCE = Path(os.environ["UVPKI_SOURCE"])
DEMO = Path(os.environ["UVPKI_DEMO"])
PACKAGE = DEMO / "election"


def run(command, env=None, cwd=None, timeout=600):
    """Exit code, stdout and stderr of a command that gets no terminal and no standard input."""
    done = subprocess.run([str(part) for part in command], env=env, cwd=cwd, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def root_fingerprint(package=PACKAGE):
    der = subprocess.run(["openssl", "x509", "-in", str(package / "root.pem"), "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True, stdout=subprocess.PIPE).stdout
    return digest.decode().split()[0]


def uvaudit(package, *more):
    return run([BIN / "uvaudit", "verify", package, "--root", ROOT, *more])


def verify_sh(package, *arguments, script=None, env=None, before=()):
    """The script shipped in the good package by default: a stranger uses his own copy of it, not the one he checks."""
    script = script or PACKAGE / "verify.sh"
    return run([*before, "dash", script, "-q", "-j", "2", "-d", package, *(arguments or (ROOT,))], env=env)


def single_error_line(test, stderr):
    lines = [line for line in stderr.splitlines() if line]
    test.assertEqual(len(lines), 1, stderr)


ROOT = root_fingerprint()


class PackageTest(unittest.TestCase):
    """Each test gets a folder of its own for copies of the package."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="uvpki-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def copy(self, name="copy"):
        target = self.folder / name
        shutil.copytree(PACKAGE, target)
        return target
