"""T49: the specification's rules for eBallots, each with a vector that breaks it alone, made from the text. The checker that
accepts and counts (through uvaudit) and verify.sh give the same verdict; no rule of the checker is without a vector."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from package_writer import RULES, Authority, hexhash, write_package

SOURCE = Path(os.environ["UVPKI_SOURCE"])
UVAUDIT = Path(os.environ["UVPKI_BIN"]) / "uvaudit"
SCRIPT = SOURCE / "libuvpki/uvpki/election/verify.sh"
AUTHORITY = Authority()
unittest.addModuleCleanup(AUTHORITY.close)

# Rules of the checker without a vector in the table, and why.
WITHOUT_VECTOR = {
    "token.style": "needs tokens of two issuers: ballot_test.cpp, T9",
    "ballot.certificate.key": "another key needs another algorithm, which ballot.algorithm refuses first",
    "ballot.signature_size": "about making ballots, not about checking them",
    "cms.envelope.open": "an envelope that does not open is the rule ballot.open",
    "cms.envelope.recipient": "about making envelopes",
    "cms.envelope.too_large": "no ballot is so large: ballot.too_large",
}
# The program reads no file that is larger than a ballot can be.
SAME = {"file.too_large": "ballot.too_large"}


def run(*command):
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=600, encoding="utf-8")


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="uvpki-conformance-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        write_package(AUTHORITY, cls.folder / "good")

    def judged(self, der):
        """The rule that uvaudit says the ballot breaks, and whether it was refused or opened."""
        (self.folder / "ballot.p7m").write_bytes(der)
        done = run(UVAUDIT, "verify-ballot", "--json", "--package", self.folder / "good", self.folder / "ballot.p7m")
        if done.returncode == 0:
            return "count", json.loads(done.stdout).get("because")
        reason = re.search(r"\(([a-z0-9_.]+)\)\n$", done.stderr)
        self.assertTrue(reason, done.stderr)
        return "accept", SAME.get(reason[1], reason[1])

    def test_t49_uvaudit_names_the_rule_that_each_vector_breaks(self):
        self.assertEqual(self.judged(AUTHORITY.ballot(4)[0]), ("count", None))
        for row in RULES:
            with self.subTest(vector=row["vector"]):
                self.assertEqual(self.judged(AUTHORITY.ballot(4, row["vector"])[0]), (row["when"], row["rule"]))

    def test_t49_verify_sh_refuses_what_must_not_be_accepted_and_nothing_else(self):
        vectors = [row["vector"] for row in RULES if row["when"] == "accept"]
        for start in range(0, len(vectors), 6):
            flaws = dict(zip((5, 3, 2, 4, 6, 0), vectors[start:start + 6]))
            package = self.folder / "package"
            shutil.rmtree(package, ignore_errors=True)
            ballots = write_package(AUTHORITY, package, flaws=flaws)
            done = run("dash", SCRIPT, "-q", "-d", package)
            for number, ballot in enumerate(ballots):
                with self.subTest(vector=flaws.get(number)):
                    self.assertEqual(f"BAD  {ballot}" in done.stdout, number in flaws, done.stdout + done.stderr)

    def test_t49_verify_sh_calls_invalid_what_the_rules_call_invalid_and_only_with_the_right_reason(self):
        vectors = [row["vector"] for row in RULES if row["when"] == "count"]
        for start in range(0, len(vectors), 4):
            flaws = dict(zip((2, 4, 6, 0), vectors[start:start + 4]))  # of the style with a contest of one choice
            with self.subTest(vectors=flaws):
                package = self.folder / "package"
                shutil.rmtree(package, ignore_errors=True)
                write_package(AUTHORITY, package, flaws=flaws)
                done = run("dash", SCRIPT, "-q", "-d", package, hexhash(AUTHORITY.root.der))
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_t49_the_table_has_every_rule_of_the_checker_and_no_other(self):
        election, cms = SOURCE / "libuvpki/uvpki/election", SOURCE / "libuvpki/uvpki/cms"
        rules = {f"ballot.certificate.{rule}" for rule in
                 re.findall(r'refuse\(\s*"(\w+)"', (election / "ballot_certificate.cpp").read_text("utf-8"))}
        rules |= {f"cms.envelope.{rule}" for rule in
                  re.findall(r'refuse\("(\w+)"', (cms / "enveloped_data.cpp").read_text("utf-8"))}
        for file, words in (("ballot.cpp", r'"(ballot\.[a-z_]+)"'), ("token.cpp", r'"(token\.[a-z_]+)"'),
                            ("plaintext.cpp", r'"(ballot\.plaintext\.[a-z_]+)"'), ("vote.cpp", r'"(vote\.[a-z_]+)"')):
            rules |= set(re.findall(words, (election / file).read_text("utf-8")))
        rules |= set(re.findall(r'"(cms\.(?:digest|signature|signing_certificate))"', (cms / "signed_data.cpp").read_text("utf-8")))
        rules |= set(re.findall(r'"(cms\.(?:malformed|profile))"', (cms / "signed_message.cpp").read_text("utf-8")))
        rules -= {"ballot.plaintext"}  # the prefix that its rules share
        table = {row["rule"] for row in RULES}
        self.assertEqual(rules - table - set(WITHOUT_VECTOR), set())
        self.assertEqual(table - rules, {"x509.path.signature"})
        self.assertEqual(set(WITHOUT_VECTOR) & table, set())
        self.assertEqual(len({row["vector"] for row in RULES}), len(RULES))

    def test_t49_accepting_and_auditing_go_through_one_checker(self):
        for file, checker in (("ballot-service/cast.cpp", "accept_ballot("), ("tools/uvaudit/commands.cpp", "verify_ballot("),
                              ("libuvpki/uvpki/election/package_check_count.cpp", "verify_ballot(")):
            text = (SOURCE / file).read_text("utf-8")
            self.assertIn("parse_ballot(", text, file)
            self.assertIn(checker, text, file)
        # The two checkers differ in the tokens' RSA signatures alone, which the ballot box checked before it certified the key.
        bodies = (SOURCE / "libuvpki/uvpki/election/ballot.cpp").read_text("utf-8").split("BallotVerifier::")
        for checker in ("accept_ballot(", "verify_ballot("):
            body = next(body for body in bodies if body.startswith(checker))
            self.assertIn("require_profile(ballot)", body, checker)
            self.assertIn("verify_signatures(ballot)", body, checker)
        for file in ("ballot-service/tally.cpp", "libuvpki/uvpki/election/package_check_count.cpp", "tools/uvaudit/commands.cpp"):
            self.assertIn("open_ballot(", (SOURCE / file).read_text("utf-8"), file)


if __name__ == "__main__":
    unittest.main()
