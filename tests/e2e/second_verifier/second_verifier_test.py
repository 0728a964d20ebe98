"""T33, T35: a second verifier, written from docs/formats alone, judges every package of a large set as uvaudit does:
good ones, packages in which one of the insiders' lies fits all signatures, and packages with a byte flipped later."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from insider import Insiders
from mutations import all_mutations, good_packages, only_the_second_verifier_finds
from package import OpenSsl, hexhash, pem_blocks
from recount import count_contest
from verifier import verify

BIN, DEMO = Path(os.environ["UVPKI_BIN"]), Path(os.environ["UVPKI_DEMO"])
VERIFIER = Path(__file__).with_name("verifier.py")
OPENSSL = OpenSsl()  # remembers: most files are the same in most packages
RANDOM = random.Random(20261120)


def audit(package, *more):
    """uvaudit's exit code and its findings as (file, what), and the results that it counted."""
    done = subprocess.run([BIN / "uvaudit", "verify", package, "--json", *more], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=300)
    if not done.stdout:
        return done.returncode, [(done.stderr.decode(), "")], {}
    report = json.loads(done.stdout)
    return done.returncode, [(entry["file"], entry["rule"])
                             for entry in report["findings"]], report.get("results") or {}


def explain(package):
    """What uvaudit says about each event and the note, by contest; free text, so the insiders copy it."""
    results = {contest["id"]: contest["result"] for contest in audit(package)[2].get("contests", [])}
    return {contest: ([event["explanation"] for entry in result["rounds"] for event in entry["events"]],
                      result.get("note"))
            for contest, result in results.items()}


class Agreement(unittest.TestCase):
    """Both verifiers on many packages; every disagreement is a line of the table that fails the test."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="uvpki-second-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.insiders = Insiders(DEMO, explain)
        cls.insiders.write(cls.folder / "package")

    def setUp(self):
        self.table, self.package = [], self.folder / "package"

    def compare(self, what, named=None):
        """Both call the package good, or both bad with a finding about a file whose name begins with `named`."""
        code, findings, _ = audit(self.package)
        own = verify(self.package, None, OPENSSL).findings
        if named is None:
            same = code == 0 and not own
        else:
            same = code == 1 and any(file.startswith(named) for file, _ in findings) and any(file.startswith(named)
                    for file, _ in own)
        if not same:
            self.table.append(f"{what} ({named}):\n  second verifier {own[:3]}\n  uvaudit {code} {findings[:3]}")

    def check_table(self):
        self.assertFalse(self.table, "\n" + "\n".join(self.table))

    def test_both_accept_packages_that_are_unusual_but_right(self):
        for what, told in {"plain": {}, **good_packages(self.insiders)}.items():
            self.insiders.write(self.package, **told)
            self.compare(what)
        self.check_table()

    def test_t33_t35_both_find_every_lie_that_all_insiders_tell_together(self):
        mutations = all_mutations(self.insiders)
        self.assertGreaterEqual(len(mutations), 40)
        for what, (told, named) in mutations.items():
            self.insiders.write(self.package, **told)
            self.compare(what, named)
        self.check_table()

    def test_what_uvaudit_still_lets_pass_is_exactly_this_list(self):
        for what, (told, named) in only_the_second_verifier_finds(self.insiders).items():
            self.insiders.write(self.package, **told)
            self.assertTrue(any(file.startswith(named) for file, _ in verify(self.package, None, OPENSSL).findings),
                            what)
            self.assertEqual(audit(self.package)[0], 0, f"{what}: uvaudit finds it now; move it to all_mutations")

    def test_t33_t35_both_name_every_kind_of_file_in_which_a_byte_was_flipped(self):
        self.insiders.write(self.package)
        kinds = {}
        for path in sorted(path for path in self.package.rglob("*") if path.is_file()):
            kinds.setdefault(path.parent.name[:2] + path.suffix if "ballots" in path.parts else path, path)
        for path in list(kinds.values())[:5] + list(kinds.values())[12:]:
            good, data = path.read_bytes(), bytearray(path.read_bytes())
            at = RANDOM.randrange(len(data))
            data[at] ^= 1 << RANDOM.randrange(8)
            path.write_bytes(data)
            self.compare(f"byte {at}", path.relative_to(self.package).as_posix())
            path.write_bytes(good)
        self.compare("all bytes back")
        self.check_table()

    def test_both_name_links_empty_folders_and_odd_names(self):
        self.insiders.write(self.package)
        for name in ("notes.txt", "results/a b.csv", "-rf", "epochs/0009.sha256", "ballots/ab/x.p7m"):
            (self.package / name).parent.mkdir(exist_ok=True)
            (self.package / name).write_text("x", "utf-8")
            self.compare(name, name.split(" ", maxsplit=1)[0])
            (self.package / name).unlink()
        (self.package / "ballots/ab").rmdir()
        (self.package / "empty").mkdir()
        self.compare("empty folder", "empty")
        (self.package / "empty").rmdir()
        (self.package / "README.txt").rename(self.folder / "elsewhere")
        (self.package / "README.txt").symlink_to(self.folder / "elsewhere")
        self.compare("link", "README.txt")
        (self.package / "README.txt").unlink()
        (self.folder / "elsewhere").rename(self.package / "README.txt")
        self.check_table()


class Demo(unittest.TestCase):
    """The command line, on the package of the demo's election with all its ballots."""

    def verifier(self, *arguments):
        done = subprocess.run([sys.executable, VERIFIER, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=600)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_the_demo_is_good_under_its_root_and_bad_under_another(self):
        package = DEMO / "election"
        root = hexhash(pem_blocks((package / "root.pem").read_bytes())[0])
        self.assertEqual(self.verifier(package, root), (0, "GOOD gnome-26\n", ""))
        found = verify(package, "0" * 64, OPENSSL).findings
        self.assertEqual([file for file, _ in found], ["root.pem"])
        self.assertEqual(audit(package, "--root", "0" * 64)[1][0][0], "root.pem")

    def test_what_cannot_be_run_gives_one_line_and_exit_code_2(self):
        for arguments in ([], ["/nonexistent"], [DEMO], [DEMO / "election", "xyz"], [DEMO / "election", "0" * 64,
                                                                                     "more"]):
            code, out, err = self.verifier(*arguments)
            self.assertEqual((code, out, len(err.splitlines())), (2, "", 1), (arguments, err))


class Counts(unittest.TestCase):
    """T35 for the count: random small elections, full of ties, by every method and rule."""

    def random_rules(self, size):
        method = RANDOM.choice(["plurality", "approval", "n-of-m", "irv", "stv", "stv", "schulze"])
        rules = {"method": method, "seats": 1 if method == "irv" else RANDOM.randint(1, min(size, 4)),
                 "tie_break": RANDOM.choice(["seed", "candidate-order"])}
        if RANDOM.random() < 0.3:
            rules["max_choices"] = RANDOM.randint(1, size)
        if method == "stv":
            rules |= {"threshold": RANDOM.choice(["droop-whole", "droop-fractional"]), "decimals": RANDOM.randint(0, 6)}
        if method == "schulze":
            rules["strength"] = RANDOM.choice(["winning-votes", "margins"])
        if method == "irv":
            rules["batch_elimination"] = RANDOM.random() < 0.5
        if method in ("irv", "stv") and RANDOM.random() < 0.3:
            rules["write_ins"] = [f"c{number}" for number in RANDOM.sample(range(1, size + 1), RANDOM.randint(1, 2))]
        return rules

    def test_t35_both_count_random_elections_to_the_same_rounds(self):
        folder = Path(tempfile.mkdtemp(prefix="uvpki-second-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)

        def plain(value):
            if isinstance(value, dict):
                return {key: plain(item) for key, item in value.items() if key not in ("explanation", "note")}
            return [plain(item) for item in value] if isinstance(value, list) else value

        for _ in range(150):
            size = RANDOM.randint(2, 7)
            rules = self.random_rules(size)
            ballots = [RANDOM.sample(range(1, size + 1), RANDOM.randint(0, size))
                       for _ in range(RANDOM.choice([0, 3, 8, 30]))]
            lines = [f"{size} {rules['seats']}", *(" ".join(map(str, [1, *ballot, 0])) for ballot in ballots), "0",
                     *(f'"N{number}"' for number in range(1, size + 1)), '"T"', ""]
            (folder / "x.blt").write_text("\n".join(lines), "utf-8")
            (folder / "x.rules.json").write_text(json.dumps({"title": "T", "rules": rules}), "utf-8")
            out = subprocess.run([BIN / "uvaudit", "count", folder / "x.blt", "--rules", folder / "x.rules.json",
                                  "--seed", "ab" * 32, "--json"],
                                 check=True, stdout=subprocess.PIPE, timeout=60).stdout
            contest = {"title": "T", "rules": rules, "candidates": [{"id": f"c{n}", "name": f"N{n}"}
                                                                    for n in range(1, size + 1)]}
            own = count_contest(contest, [[f"c{choice}" for choice in ballot] for ballot in ballots], "ab" * 32)
            self.assertEqual(plain(json.loads(out)), own, f"{rules} {ballots}")


if __name__ == "__main__":
    unittest.main()
