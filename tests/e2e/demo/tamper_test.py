"""A byte flipped, a file missing, added or swapped, a signature by the wrong role: uvaudit names the file, and verify.sh names
it where openssl and POSIX tools can see it."""
import random
import shutil
import subprocess
import unittest

from package_support import DEMO, PACKAGE, PackageTest, uvaudit, verify_sh

RANDOM = random.Random(20261120)


def flip(path, at=None):
    content = bytearray(path.read_bytes())
    at = RANDOM.randrange(len(content)) if at is None else at
    content[at] ^= 1 << RANDOM.randrange(8)
    path.write_bytes(content)
    return at


def relative(path, package):
    return path.relative_to(package).as_posix()


# One of every kind of file that a package has.
KINDS = ["root.pem", "chain.pem", "manifest.json", "manifest.json.p7s", "roll/roll.json", "roll/roll.json.p7s",
         "roll/commitments.txt", "claims/registrar-1.json", "claims/registrar-1.json.p7s", "claims/registrar-1.txt",
         "epochs/0001.sha256", "epochs/0001.tsr", "log/checkpoint", "crl/root.pem", "crl/issuing-ca.pem",
         "crl/ballot-ca.pem", "crl/registrar-ca-registrar-1.pem", "trustees/transcript.json", "trustees/rehearsal-1.csr",
         "trustees/checkpoint-1.p7m", "trustees/share-1.pem", "election-key.pem", "results/results.json",
         "results/results.json.p7s", "results/results.csv", "results/rounds.txt", "results/board.blt",
         "evidence/0001.sha256", "evidence/0001.tsr", "README.txt", "verify.sh"]


class EveryFile(PackageTest):
    def test_the_list_of_kinds_is_the_whole_package(self):
        rest = [name for path in PACKAGE.rglob("*") if path.is_file()
                for name in [relative(path, PACKAGE)]
                if name not in KINDS and not name.startswith(("ballots/", "epochs/", "log/tile/", "trustees/"))]
        self.assertEqual(rest, [])
        for name in KINDS:
            self.assertTrue((PACKAGE / name).is_file(), name)

    def test_uvaudit_names_every_file_in_which_a_byte_was_flipped(self):
        package = self.copy()
        files = [path for path in sorted(package.rglob("*")) if path.is_file()]
        ballots = [path for path in files if "ballots" in path.parts]
        others = [path for path in files if path not in ballots]
        for path in others + RANDOM.sample(ballots, 8):
            good = path.read_bytes()
            for _ in range(2):
                at = flip(path)
                code, out, err = uvaudit(package)
                name = relative(path, package)
                if name == "manifest.json" and code == 2:
                    pass  # unreadable as a whole, said in one line that names it
                else:
                    self.assertEqual(code, 1, f"{name} at {at}: {out}{err}")
                self.assertIn(name, out + err, f"byte {at}")
                path.write_bytes(good)
        self.assertEqual(uvaudit(package)[0], 0)

    def test_verify_sh_names_every_kind_of_file_in_which_a_byte_was_flipped(self):
        package = self.copy()
        ballot = relative(sorted(package.glob("ballots/*/*.p7m"))[5], package)
        tile = relative(sorted(path for path in package.glob("log/tile/**/*") if path.is_file())[0], package)
        message = relative(sorted(package.glob("trustees/ceremony/*.p7m"))[0], package)
        for name in [*KINDS, ballot, tile, message]:
            path = package / name
            good = path.read_bytes()
            at = flip(path)
            code, out, err = verify_sh(package)
            self.assertIn(code, (1, 2), f"{name} at {at}: {out}{err}")
            self.assertIn(name, out + err, f"byte {at}")
            path.write_bytes(good)


class FilesThatDoNotBelong(PackageTest):
    def both_name(self, package, name):
        code, out, err = uvaudit(package)
        self.assertEqual(code, 1, out + err)
        self.assertIn(name, out)
        code, out, err = verify_sh(package)
        self.assertEqual(code, 1, out + err)
        self.assertIn(name, out + err)

    def test_a_missing_ballot_is_named(self):
        package = self.copy()
        ballot = sorted(package.glob("ballots/*/*.p7m"))[3]
        ballot.unlink()
        if not any(ballot.parent.iterdir()):
            ballot.parent.rmdir()
        self.both_name(package, ballot.stem)

    def test_an_added_ballot_is_named(self):
        package = self.copy()
        name = "ab" + "cd" * 31
        (package / "ballots/ab").mkdir(exist_ok=True)
        shutil.copy(sorted(package.glob("ballots/*/*.p7m"))[0], package / f"ballots/ab/{name}.p7m")
        self.both_name(package, name)

    def test_swapped_ballots_are_named(self):
        package = self.copy()
        first, second = sorted(package.glob("ballots/*/*.p7m"))[:2]
        one, two = first.read_bytes(), second.read_bytes()
        first.write_bytes(two)
        second.write_bytes(one)
        self.both_name(package, first.stem)

    def test_a_link_is_named(self):
        package = self.copy()
        original = package / "results/rounds.txt"
        moved = self.folder / "rounds.txt"
        shutil.move(original, moved)
        original.symlink_to(moved)
        self.both_name(package, "results/rounds.txt")

    def test_extra_files_with_odd_names_are_found(self):
        for name in ("notes.txt", "results/a b.csv", "ballots/ab/x.p7m", "-rf", "results/$(touch owned).json", "epochs/0009.tsr"):
            with self.subTest(name=name):
                package = self.copy("odd")
                (package / name).parent.mkdir(exist_ok=True)
                (package / name).write_text("x", "utf-8")
                self.assertEqual(uvaudit(package)[0], 1)
                code, out, err = verify_sh(package)
                self.assertEqual(code, 1, out + err)
                self.assertFalse((package / "owned").exists())
                shutil.rmtree(package)


class WrongRoles(PackageTest):
    """Documents signed anew by somebody of the same authority who has another role, with the plain openssl command."""

    def sign(self, package, document, certificate, key, password):
        subprocess.run(["openssl", "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256", "-outform", "DER",
                        "-in", package / document, "-out", package / f"{document}.p7s", "-signer", certificate,
                        "-inkey", key, "-passin", f"file:{password}"],
                       check=True, stderr=subprocess.DEVNULL)

    def refused(self, package, document):
        code, out, err = uvaudit(package)
        self.assertEqual(code, 1, out + err)
        self.assertRegex(out, rf"BAD  {document}")
        code, out, err = verify_sh(package)
        self.assertEqual(code, 1, out + err)
        self.assertIn(document, out + err)

    def test_a_trustee_or_auditor_cannot_sign_results_roll_or_manifest(self):
        trustee = DEMO / "trustee-1"
        for document in ("results/results.json", "roll/roll.json", "manifest.json", "claims/registrar-1.json"):
            with self.subTest(document=document):
                package = self.copy("roles")
                self.sign(package, document, trustee / "trustee.pem", trustee / "trustee-key.pem",
                          DEMO / "passwords/trustee-1-trustee")
                self.refused(package, document)
                shutil.rmtree(package)

    def test_an_officer_cannot_sign_the_registrars_claims(self):
        package = self.copy()
        officer = DEMO / "officer"
        self.sign(package, "claims/registrar-1.json", officer / "officer.pem", officer / "officer-key.pem",
                  DEMO / "passwords/officer-officer")
        self.refused(package, "claims/registrar-1.json")


if __name__ == "__main__":
    unittest.main()
