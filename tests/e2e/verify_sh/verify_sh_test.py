"""verify.sh on packages that somebody else wrote, from the text of the formats alone: it accepts the good one, and names
what is wrong in each of those where one thing is, although all else was signed, logged and stamped by insiders."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from package_writer import CLOSES, DAY, HOUR, OPENS, Authority, Signer, canonical, hexhash, name, sign, write_package

SCRIPT = Path(os.environ["UVPKI_SOURCE"]) / "libuvpki/uvpki/election/verify.sh"
AUTHORITY = Authority()
unittest.addModuleCleanup(AUTHORITY.close)


def verify(package, *arguments, before=(), script=SCRIPT, env=None, cwd=None):
    done = subprocess.run([*before, "dash", str(script), "-q", "-d", str(package), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd, check=False, timeout=600)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]


def member(**changed):
    return lambda text: canonical(json.loads(text) | changed)


class WrittenPackage(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="uvpki-verify-sh-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, **wrong):
        folder = self.folder / "package"
        shutil.rmtree(folder, ignore_errors=True)
        self.ballots = write_package(AUTHORITY, folder, **wrong)
        return folder

    def refused(self, expected, **wrong):
        """The script says BAD once per thing: for each file expected there is a line that names it and says why."""
        code, out, err = verify(self.write(**wrong))
        self.assertEqual((code, err), (1, ""), out)
        for file, said in expected:
            lines = [line for line in out.splitlines() if line.startswith(f"BAD  {file}") and said in line]
            self.assertTrue(lines, f"nothing about {file}: {said}\n{out}")

    def refused_ballots(self, expected):
        """Each of these flaws, in ballots of one package; the others are not complained about."""
        wrong = dict(zip((5, 3, 2, 4, 6, 0, 1), expected))
        self.assertLessEqual(len(expected), 7)
        code, out, err = verify(self.write(flaws=wrong))
        self.assertEqual((code, err), (1, ""), out)
        for number, ballot in enumerate(self.ballots):
            lines = [line for line in out.splitlines() if line.startswith(f"BAD  {ballot}")]
            self.assertEqual(bool(lines), number in wrong, f"{wrong.get(number)}\n{out}")
            self.assertTrue(all(expected[wrong[number]] in line for line in lines), lines)


class GoodPackage(WrittenPackage):
    def test_a_package_written_from_the_text_alone_is_accepted_by_every_awk_and_shell_there_is(self):
        package = self.write()
        fingerprint = hexhash(AUTHORITY.root.der)
        code, out, err = verify(package, fingerprint)
        self.assertEqual((code, out, err), (0, "GOOD council-2026\n", ""))
        for awk in ("gawk", "original-awk"):
            if not shutil.which(awk):
                continue
            (self.folder / awk).mkdir()
            (self.folder / awk / "awk").symlink_to(shutil.which(awk))
            env = dict(os.environ, PATH=f"{self.folder / awk}:{os.environ['PATH']}")
            self.assertEqual(verify(package, fingerprint, env=env), (0, "GOOD council-2026\n", ""), awk)
        done = subprocess.run(["bash", "--posix", str(SCRIPT), "-q", "-j", "3", "-d", str(package), fingerprint],
                              stdout=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"GOOD council-2026\n"))

    def test_the_summary_says_first_preferences_and_totals(self):
        package = self.write()
        done = subprocess.run(["dash", str(SCRIPT), "-d", str(package)], stdout=subprocess.PIPE, check=False)
        out = done.stdout.decode()
        self.assertEqual(done.returncode, 0, out)
        self.assertRegex(out, r"(?m)^ +23 +11 +9 +8 +5 +1 +2$")
        self.assertRegex(out, r'(?m)^ +2  Candidate "c01" ü  \(elected\)$')
        self.assertNotIn("BAD", out)

    def test_t34_the_report_is_the_same_in_1999_and_2060_with_any_number_of_jobs_and_leaves_nothing_behind(self):
        package = self.write(flaws={5: "forged-token"}, files={"claims/city.txt": lambda text: text[65:]})
        temporary = self.folder / "temporary"
        temporary.mkdir()
        env = dict(os.environ, TMPDIR=str(temporary))
        reports = {verify(package, "-j", jobs, before=before, env=env) for jobs in ("1", "4")
                   for before in ((), ("faketime", "1999-12-31"), ("faketime", "2060-01-01"))}
        self.assertEqual(len(reports), 1, reports)
        self.assertEqual(reports.pop()[0], 1)
        self.assertEqual(list(temporary.iterdir()), [])

    def test_a_renewal_of_the_evidence_is_accepted_and_must_cover_what_was_there(self):
        package = self.write()
        paths = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
        good = "".join(f"{hexhash((package / path).read_bytes())}  {path}\n" for path in paths)
        without = "".join(line for line in good.splitlines(True) if "evidence/0001.tsr" not in line)
        for text, expected in ((good, 0), (without, 1)):
            (package / "evidence/0002.sha256").write_text(text)
            (package / "evidence/0002.tsr").write_bytes(AUTHORITY.stamp(text.encode(), CLOSES + 300 * DAY))
            self.assertEqual(verify(package)[0], expected)


class Ballots(WrittenPackage):
    """Some of the 8 ballots are wrong; all else fits, as if the ballot service and the TSA had taken part."""

    def test_t9_t10_forged_missing_and_superfluous_tokens(self):
        self.refused_ballots({"forged-token": "token", "other-election-token": "token", "no-token": "carries no token",
                              "unknown-key": "not in the manifest", "other-style": "token", "two-tokens": "token 2"})

    def test_t12_t13_votes_that_count_for_nobody_must_be_called_invalid(self):
        """Copied envelopes (which cost the copied ballot nothing), votes for another manifest, votes that do not open; of
        ballots with one ephemeral key, or its mirror image, all but the one with the smallest leaf."""
        good, fingerprint = (0, "GOOD council-2026\n", ""), hexhash(AUTHORITY.root.der)
        for wrong, rules in (({5: "copied", 2: "other-manifest", 4: "flipped-ciphertext"},
                              ["ballot.copied", "ballot.manifest", "ballot.open"]),
                             ({5: "own-ephemeral", 2: "mirrored-ephemeral", 4: "own-ephemeral"},
                              ["ballot.repeated_ephemeral"] * 2)):
            package = self.write(flaws=wrong)
            self.assertEqual(verify(package, fingerprint), good)
            invalid = json.loads((package / "results/results.json").read_bytes())["invalid"]
            named = [entry for entry in invalid if entry["leaf"] not in [Path(self.ballots[n]).stem for n in (1, 7)]]
            self.assertEqual(sorted(entry["rule"] for entry in named), rules)

            def all_valid(counted):
                return counted | {"invalid": [entry for entry in counted["invalid"] if entry["rule"] not in rules]}

            self.refused([("results/results.json", "does not call the ballot")], flaws=wrong, results=all_valid)

    def test_t15_t16_t17_twins_additions_and_encodings_that_are_not_der(self):
        self.refused_ballots({"high-s": "high s", "unsigned-attribute": "unsigned attributes", "ber": "not minimal",
                              "extra-certificate": "more than one certificate", "trailing-byte": "trailing"})

    def test_t24_other_ciphers_and_recipients(self):
        self.refused_ballots({"cbc": "AuthEnvelopedData", "aes-128": "", "kdf-sha1": "KDF", "two-recipients": "",
                              "other-recipient": "not addressed"})

    def test_two_ballots_by_one_key(self):
        self.refused([("ballots/", "same key")], flaws={5: "same-key"})

    def test_certificates_that_are_not_those_of_ballots(self):
        self.refused_ballots({"by-issuing-ca": "not from the Ballot CA", "by-registrar-ca": "not from the Ballot CA",
                              "forged-ca": "do not verify", "no-role": "not key usage", "voter-role": "do not verify"})
        self.refused_ballots({"longer-window": "voting window", "other-election": "another election", "other-serial": "serial",
                              "other-name": "name", "flipped-signature": "do not verify"})


class Documents(WrittenPackage):
    def test_signatures_in_another_role_or_by_another_authority(self):
        a = AUTHORITY
        stranger = Signer(name("Officer"), Signer(name("Issuing CA"), roles=range(5, 17), path=1), roles=[11])
        self_made = Signer(name("Officer", "officer"), a.voter, roles=[11])
        documents = ("manifest.json", "results/results.json", "roll/roll.json", "claims/city.json")
        for signers in ((a.voter, a.tsa, a.registrar, a.officer), (a.registrar, a.voter, a.trustees[0], a.voter),
                        (a.tsa, stranger, self_made, stranger), (self_made, a.registrar, a.voter, a.tsa)):
            self.refused([(f"{document}.p7s", "") for document in documents], signers=dict(zip(documents, signers)))

    def test_a_signer_who_was_revoked_by_then_and_one_who_was_revoked_later(self):
        self.refused([("manifest.json.p7s", "revoked")], revoked=[(AUTHORITY.officer.serial, OPENS)])
        self.assertEqual(verify(self.write(revoked=[(AUTHORITY.officer.serial, CLOSES)]))[0], 0)

    def test_documents_altered_after_signing(self):
        package = self.write()
        for path in ("roll/roll.json", "claims/city.json", "results/results.json"):
            (package / path).write_bytes(flip((package / path).read_bytes()))
        code, out, err = verify(package)
        self.assertEqual((code, err), (1, ""), out)
        for path in ("roll/roll.json", "claims/city.json", "results/results.json"):
            self.assertIn(f"BAD  {path}: was altered", out)
            self.assertIn(f"BAD  {path}: is not what {path}.p7s signs", out)

    def test_t7_claims_and_roll_that_do_not_fit(self):
        self.refused([("claims/city.json", "add up"), ("roll/roll.json", "size"), ("claims/city.txt", "lines"),
                      ("roll/commitments.txt", "unsorted")],
                     files={"claims/city.json": member(claims=12), "roll/roll.json": member(size=24),
                            "claims/city.txt": lambda text: text[65:],
                            "roll/commitments.txt": lambda text: text[65:] + text[:65]})
        self.refused([("claims/city.json", "more of style north"), ("roll/roll.json", "another election"),
                      ("claims/city.txt", "root")],
                     files={"claims/city.json": member(styles={"north": 11, "south": 0}),
                            "roll/roll.json": member(election="another-one"),
                            "claims/city.txt": lambda text: b"0" * 64 + text[64:]})
        self.refused([("claims/city.json", "more ballots of style south")],
                     files={"claims/city.json": member(styles={"north": 8, "south": 3})})

    def test_json_that_is_not_canonical(self):
        texts = [b'{ "a":1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b'{"a":1.5}', b'{"a":01}', b'{"a":1}\n', b'["a",]',
                 b'{"a":"\t"}', b'{"a":"', b"{" * 50, b"", b'{"a":1}{', b'{"a\\u0062":1}', b'{"a":1' + b"0" * 20 + b"}",
                 b'{"a":NaN}']
        documents = ("roll/roll.json", "claims/city.json", "results/results.json")
        for first in range(0, len(texts), len(documents)):
            files = {path: lambda _, text=text: text for path, text in zip(documents, texts[first:])}
            self.refused([(path, "canonical") for path in documents], files=files)

    def test_results_that_the_ballots_do_not_give(self):
        def altered(counted):
            tallies = counted["contests"][0]["result"]["rounds"][0]["tallies"]
            tallies[0]["votes"], tallies[1]["votes"] = tallies[1]["votes"], tallies[0]["votes"]
            counted["contests"][1]["result"]["winners"] = ["nobody"]
            return counted | {"invalid": counted["invalid"][1:], "totals": counted["totals"] | {"cast": 9, "redeemed": 12},
                              "cast_by_style": {"north": 3, "south": 5}, "log": {"root": "0" * 64, "size": 8}}

        self.refused([("results/results.json", said) for said in (
            "rounds/0 gives c01 1 votes, the recount 2", "winners", "does not call the ballot", "totals/cast says 9",
            "redeemed", "cast_by_style/north says 3", "log/root")], results=altered)


class EpochsAndLog(WrittenPackage):
    def test_lists_that_leave_out_repeat_or_disorder_ballots(self):
        self.refused([("ballots/", "in no epoch"), ("ballots/", "missing or altered"), ("ballots/", "more than one epoch")],
                     epochs=lambda lists: [lists[0], sorted(lists[1][1:] + ["0" * 64] + lists[0][:1])])
        self.refused([("epochs/0002.sha256", "not in order"), ("epochs/0001.sha256", "fewer than 3")],
                     epochs=lambda lists: [lists[0][:2], (lists[1] + lists[0][2:])[::-1]])
        self.refused([("epochs/0002.sha256", "malformed")],
                     files={"epochs/0002.sha256": lambda text: text.replace(b"  ", b" ")})

    def test_stamps_out_of_order_too_late_or_by_others(self):
        other = Signer(name("TSA 2"), AUTHORITY.issuing, roles=[7], eku=("1.3.6.1.5.5.7.3.8",), usage=b"\7\x80")
        first, second = "epochs/0001.tsr", "epochs/0002.tsr"
        self.refused([(second, "older")], stamps=[(CLOSES, None), (OPENS + DAY, None)])
        self.refused([(first, "older"), (second, "final_epoch_until")],
                     stamps=[(OPENS - HOUR, None), (CLOSES + 3 * HOUR, None)])
        self.refused([(first, "TSA of the manifest"), (second, "role")],
                     stamps=[(OPENS + DAY, other), (CLOSES, AUTHORITY.officer)])
        self.refused([("epochs/0001.sha256", "is not what epochs/0001.tsr stamps")],
                     files={first: lambda _: AUTHORITY.stamp(b"x", OPENS + DAY)})

    def test_a_log_of_other_ballots(self):
        tile, entries = "log/tile/0/000.p/8", "log/tile/entries/000.p/8"
        self.refused([("log/checkpoint", "does not state"), (tile, "leaves"), (entries, "leaves")],
                     files={"log/checkpoint": lambda _: AUTHORITY.checkpoint([bytes(32)] * 8), tile: flip, entries: flip})
        self.refused([("log/checkpoint", "not signed"), (entries, "missing")],
                     files={"log/checkpoint": lambda note: note[:-12] + b"AAAA" + note[-8:], entries: lambda _: None})


class KeysAndLists(WrittenPackage):
    def test_shares_keys_rehearsals_and_checkpoints_of_others(self):
        a, p = AUTHORITY, "trustees/"
        self.refused([(f"{p}share-1.pem", "share"), (f"{p}rehearsal-1.csr", "share"), (f"{p}rehearsal-2.csr", "signed"),
                      (f"{p}checkpoint-1.p7m", "over log"), (f"{p}checkpoint-2.p7m", "by trustee 2"),
                      (f"{p}ceremony/commit-1.p7m", "role"), (f"{p}transcript.json", ""), ("election-key.pem", "")],
                     files={f"{p}share-1.pem": lambda text: text.replace(text[100:110], text[90:100]),
                            f"{p}rehearsal-1.csr": lambda _: a.rehearsal(2),
                            f"{p}rehearsal-2.csr": lambda csr: csr[:-1] + bytes([csr[-1] ^ 1]),
                            f"{p}checkpoint-1.p7m": lambda _: sign(b"x", a.trustees[0]),
                            f"{p}checkpoint-2.p7m": lambda _: sign(a.checkpoint([]), a.trustees[0]),
                            f"{p}ceremony/commit-1.p7m": lambda _: sign(b"x", a.officer),
                            f"{p}transcript.json": lambda _: b"{}", "election-key.pem": lambda _: b"x"})
        self.refused([("trustees", "1 shares are fewer than the threshold")], files={f"{p}share-1.pem": lambda _: None})

    def test_revocation_lists_that_are_missing_swapped_or_forged(self):
        a = AUTHORITY
        stranger = Signer(name("Issuing CA"), path=1)
        self.refused([("crl/issuing-ca.pem", "signed"), ("crl/root.pem", "another CA"), ("crl/ballot-ca.pem", "missing")],
                     files={"crl/issuing-ca.pem": lambda _: a.revocation_list(stranger), "crl/ballot-ca.pem": lambda _: None,
                            "crl/root.pem": lambda _: a.revocation_list(a.ballot_ca)})

    def test_chains_with_other_certificates(self):
        a = AUTHORITY
        stranger = Signer(name("Other root"), path=-1)
        below = Signer(name("Registrar CA"), a.ballot_ca, roles=[5], path=0)
        for chain in ([a.root, a.issuing, a.ballot_ca], [a.issuing, a.root, a.ballot_ca, a.registrar_ca],
                      [a.root, a.issuing, a.ballot_ca, a.officer], [a.root, a.issuing, a.ballot_ca, stranger],
                      [a.root, a.issuing, a.ballot_ca, below], [a.root, a.issuing, a.registrar_ca, a.registrar_ca]):
            text = b"".join(certificate.pem() for certificate in chain)
            self.refused([("chain.pem", "")], files={"chain.pem": lambda _, text=text: text})
        self.refused([("chain.pem", "plain list")], files={"chain.pem": lambda text: text + b"more\n"})
        self.refused([("root.pem", "")], files={"root.pem": lambda _: stranger.pem()})


class Layout(WrittenPackage):
    def test_files_and_folders_that_do_not_belong_are_named_and_nothing_in_a_name_is_run(self):
        package = self.write()
        odd = ("notes.txt", "-rf", "a b.txt", "x\ny.txt", "$(touch owned)", "`touch owned`", "'quote", "results/none.blt",
               "trustees/share-9.pem", "ballots/ab/x.p7m", "claims/other.txt", "epochs/0003.tsr", "crl/registrar-ca-x.pem")
        for path in odd:
            (package / path).parent.mkdir(exist_ok=True)
            (package / path).write_text("x")
        code, out, err = verify(package, cwd=self.folder)
        self.assertEqual((code, err), (1, ""), out)
        for path in odd:
            self.assertIn("BAD  " + path.split("\n", maxsplit=1)[0], out)
            (package / path).unlink()
        if not any((package / "ballots/ab").iterdir()):
            (package / "ballots/ab").rmdir()
        self.assertFalse(list(self.folder.rglob("owned")))
        (package / "empty/inside").mkdir(parents=True)
        self.assertIn("BAD  empty/inside: is an empty folder", verify(package)[1])
        shutil.rmtree(package / "empty")
        (package / "README.txt").rename(self.folder / "elsewhere")
        (package / "README.txt").symlink_to(self.folder / "elsewhere")
        self.assertIn("BAD  README.txt: is a link", verify(package)[1])

    def test_bad_use_gives_one_line_and_exit_code_2(self):
        package = self.write()
        for arguments in (["-j", "0"], ["-j", "x"], ["--nonsense"], ["0123"], ["x" * 64], ["-d"], ["0" * 64, "0" * 64]):
            code, out, err = verify(package, *arguments)
            self.assertEqual((code, out, len(err.splitlines())), (2, "", 1), (arguments, err))
        for folder in (self.folder, self.folder / "none"):
            code, out, err = verify(folder)
            self.assertEqual((code, out, len(err.splitlines())), (2, "", 1), err)

    def test_another_root_than_the_trusted_one(self):
        code, out, err = verify(self.write(), "0" * 64)
        self.assertEqual((code, err), (1, ""))
        self.assertIn("BAD  root.pem: is not the root you trust", out)


if __name__ == "__main__":
    unittest.main()
