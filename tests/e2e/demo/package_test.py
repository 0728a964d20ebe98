"""The good package: both verifiers accept it anywhere and at any time, and it says what the source of the ballots says."""
import json
import os
import shutil
import unittest

from package_support import BIN, DEMO, PACKAGE, ROOT, SOURCE, PackageTest, run, single_error_line, uvaudit, verify_sh


class GoodPackage(PackageTest):
    def test_uvaudit_finds_nothing_and_names_the_known_winners(self):
        code, out, err = uvaudit(PACKAGE, "--json")
        self.assertEqual((code, err), (0, ""), out)
        report = json.loads(out)
        self.assertTrue(report["good"])
        self.assertEqual(report["findings"], [])
        contest = report["results"]["contests"][0]["result"]
        names = {candidate["id"]: candidate["name"] for candidate in contest["candidates"]}
        known = json.loads((SOURCE / "tests/vectors/elections/gnome_26.known.json").read_text("utf-8"))["winners"]
        self.assertEqual(sorted(names[winner] for winner in contest["winners"]), sorted(known))
        totals = report["results"]["totals"]
        self.assertEqual(totals["valid"] + totals["blank"] + totals["invalid"], totals["cast"])
        self.assertEqual(totals["cast"], 135)
        self.assertLess(totals["cast"], totals["redeemed"])
        self.assertLess(totals["redeemed"], totals["claimed"])
        self.assertLess(totals["claimed"], totals["roll"])

    def test_verify_sh_accepts_it(self):
        code, out, err = verify_sh(PACKAGE)
        self.assertEqual(code, 0, out + err)
        self.assertNotIn("BAD", out)

    def test_verify_sh_runs_from_the_package_itself_in_a_folder_with_blanks(self):
        package = self.copy("a package with blanks")
        code, out, err = run(["dash", package / "verify.sh", "-q", "-j", "2", ROOT], cwd="/")
        self.assertEqual(code, 0, out + err)

    def test_without_a_fingerprint_the_script_prints_the_roots_and_asks_to_compare_it(self):
        code, out, err = run(["dash", PACKAGE / "verify.sh", "-q", "-j", "2"])
        self.assertEqual(code, 0, out + err)
        self.assertIn(ROOT, (out + err).lower().replace(":", ""))

    def test_t36_both_verifiers_accept_it_in_2060_when_even_the_root_has_expired(self):
        code, out, err = verify_sh(PACKAGE, before=["faketime", "2060-06-01 12:00:00"])
        self.assertEqual(code, 0, out + err)
        code, out, err = run(["faketime", "2060-06-01 12:00:00", BIN / "uvaudit", "verify", PACKAGE, "--root", ROOT])
        if "ASan runtime" in err or "Sanitizer" in err:
            self.skipTest("faketime and the address sanitizer do not go together")
        self.assertEqual(code, 0, out + err)

    def test_environment_of_the_machine_has_no_influence(self):
        hostile = self.folder / "openssl.cnf"
        hostile.write_text("openssl_conf = nothing\n[nothing]\nproviders = none\n", "utf-8")
        env = dict(os.environ, OPENSSL_CONF=str(hostile), SSL_CERT_FILE=str(PACKAGE / "chain.pem"), LC_ALL="tr_TR.UTF-8",
                   TZ="Pacific/Kiritimati", POSIXLY_CORRECT="1", GREP_OPTIONS="-v", CDPATH="/")
        code, out, err = verify_sh(PACKAGE, env=env)
        self.assertEqual(code, 0, out + err)

    def test_t37_the_readmes_commands_run_as_printed_now_and_in_2060(self):
        text = (PACKAGE / "README.txt").read_text("utf-8")
        commands = [line[4:] for line in text.splitlines() if line.startswith("    ")]
        self.assertGreaterEqual(len([line for line in commands if "openssl" in line]), 6, text)
        for when in ([], ["faketime", "2060-06-01 12:00:00"]):
            package = self.copy(f"readme{len(when)}")
            script = self.folder / "by-hand.sh"
            script.write_text("set -e\n" + "\n".join(commands) + "\n", "utf-8")
            code, out, err = run([*when, "sh", script], cwd=package)
            self.assertEqual(code, 0, out + err)
            for said in ("CMS Verification successful", "Verification: OK", "Verified OK",
                         "the vote belongs to this certificate", "the vote was made for this manifest"):
                self.assertIn(said, out + err)
            self.assertIn('"choices"', out)


class WrongUse(PackageTest):
    def test_a_root_that_is_not_the_trusted_one_is_bad(self):
        other = "0" * 64
        code, out, err = run([BIN / "uvaudit", "verify", PACKAGE, "--root", other])
        self.assertEqual(code, 1)
        self.assertIn("root.pem", out)
        code, out, err = verify_sh(PACKAGE, other)
        self.assertEqual(code, 1, out + err)
        self.assertIn("root.pem", out + err)

    def test_bad_arguments_and_folders_give_one_line_and_exit_code_2(self):
        empty = self.folder / "empty"
        empty.mkdir()
        for arguments in (["verify", empty], ["verify", self.folder / "none"], ["verify", PACKAGE, "--root", "xyz"], ["verify"],
                          ["nonsense"], ["verify-ballot", empty, "--package", PACKAGE], ["count", empty, "--method", "stv"],
                          ["count", PACKAGE / "results/board.blt"], ["count", PACKAGE / "results/board.blt", "--method", "best"],
                          ["verify", PACKAGE, "--annex", PACKAGE / "manifest.json"]):
            code, out, err = run([BIN / "uvaudit", *arguments])
            self.assertEqual(code, 2, f"{arguments} {out} {err}")
            single_error_line(self, err)
        for arguments in (["-d", empty], ["-j", "x"], ["--nonsense"], ["-d", PACKAGE, "nothex"]):
            code, out, err = run(["dash", PACKAGE / "verify.sh", "-q", *arguments])
            self.assertEqual(code, 2, f"{arguments} {out} {err}")

    def test_single_ballots_and_receipts_are_checked_against_the_package(self):
        ballot = next(PACKAGE.glob("ballots/*/*.p7m"))
        code, out, err = run([BIN / "uvaudit", "verify-ballot", ballot, "--package", PACKAGE, "--root", ROOT, "--json"])
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["leaf"], ballot.stem)
        code, out, err = run([BIN / "uvaudit", "verify-receipt", DEMO / "sample-receipt.p7m", "--package", PACKAGE, "--json"])
        self.assertEqual(code, 0, err)
        leaf = json.loads(out)["leaf"]
        package = self.copy()
        (package / "ballots" / leaf[:2] / f"{leaf}.p7m").unlink()
        code, out, err = run([BIN / "uvaudit", "verify-receipt", DEMO / "sample-receipt.p7m", "--package", package])
        self.assertEqual(code, 1, err)
        self.assertIn("proof", out)
        for number in (3, 40, 200, 500):
            altered = self.folder / "altered.p7m"
            content = bytearray(ballot.read_bytes())
            content[number] ^= 1
            altered.write_bytes(content)
            code, out, err = run([BIN / "uvaudit", "verify-ballot", altered, "--package", PACKAGE])
            self.assertIn(code, (1, 2), out)
            single_error_line(self, err)

    def test_the_sealed_annex_opens_for_the_auditor_and_fits_roll_and_claims(self):
        auditor = DEMO / "auditor"
        arguments = [BIN / "uvaudit", "verify", PACKAGE, "--annex", auditor / "annex.p7m", "--annex-key",
                     auditor / "trustee-enc-key.pem", "--annex-password-file"]
        code, out, err = run([*arguments, DEMO / "passwords/auditor-trustee-enc"])
        self.assertEqual(code, 0, out + err)
        code, out, err = run([*arguments, DEMO / "passwords/officer-officer"])
        self.assertEqual(code, 2, out)
        single_error_line(self, err)

    def test_the_counted_ballots_count_the_same_with_the_rules_file(self):
        code, out, err = run([BIN / "uvaudit", "count", PACKAGE / "results/board.blt", "--rules",
                              SOURCE / "tests/vectors/elections/gnome_26.rules.json", "--json"])
        self.assertEqual(code, 0, err)
        counted = json.loads(out)
        stated = json.loads((PACKAGE / "results/results.json").read_text("utf-8"))["contests"][0]["result"]
        names = {candidate["id"]: candidate["name"] for candidate in counted["candidates"]}
        stated_names = {candidate["id"]: candidate["name"] for candidate in stated["candidates"]}
        self.assertEqual([names[winner] for winner in counted["winners"]],
                         [stated_names[winner] for winner in stated["winners"]])


class NoSecretsLeftBehind(PackageTest):
    def test_private_keys_and_passwords_are_readable_by_their_owner_alone(self):
        for path in DEMO.rglob("*"):
            if path.is_file() and PACKAGE not in path.parents and ("key" in path.name or path.parent.name == "passwords"):
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_no_voters_name_is_readable_in_the_registrars_or_ballot_boxs_files(self):
        for folder in ("registrar", "ballot-box", "election"):
            for path in (DEMO / folder).rglob("*"):
                if path.is_file():
                    content = path.read_bytes()
                    self.assertNotIn(b"Voter 0000", content, path)
                    self.assertNotIn(b"V000001", content, path)


if __name__ == "__main__":
    assert shutil.which("faketime") and shutil.which("dash"), "run setup.sh test first"
    unittest.main()
