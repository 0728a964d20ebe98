#include "uvpki/election/package_check.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "uvpki/cms/signed_data.h"
#include "uvpki/election/epoch.h"
#include "uvpki/election/roll.h"
#include "uvpki/encoding.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/merkle/tiles.h"
#include "uvpki/x509/revocation.h"

namespace uvpki::election {

namespace {

/// Contents that are PEM must be exactly what our writer writes, so that no byte of the file is outside the checks.
void require_canonical_pem(std::string_view text, const std::string& canonical, const std::string& file) {
    if (text != canonical) fail_input("package.pem", file + " is not the plain PEM form of its contents");
}


}  // namespace

PackageCheck::PackageCheck(const std::filesystem::path& folder, const CheckOptions& options)
    : options_(options), files_(folder) {}

void PackageCheck::report(const std::string& file, std::string_view rule, std::string message) {
    report_.findings.push_back({file, std::string(rule), std::move(message)});
}

x509::PathRules PackageCheck::rules_for(x509::Role role) const {
    return {.role = role, .time = manifest_->manifest().verify_at, .revocation = x509::PathRules::Revocation::required};
}

Bytes PackageCheck::verify_document(const std::string& path, x509::Role role) {
    const auto text = files_.load(path);
    const auto signature = files_.load(path + ".p7s");
    const auto verified = cms::verify_signed_data(cms::parse_signed_data(signature), text, *trust_, rules_for(role));
    check_not_token_key(path + ".p7s", verified.signer().leaf());
    return verified.content();
}

void PackageCheck::check_not_token_key(const std::string& file, const x509::Certificate& certificate) {
    if (token_keys_.contains(sha256(certificate.public_key().key_octets())))
        report(file, "package.token_key",
               "the key of " + certificate.subject_text() + " is a token key, which must be used for nothing else");
}

timestamp::VerifiedTimestamp PackageCheck::verify_stamp(const std::string& token, const std::string& list) {
    try {
        return timestamp::verify_timestamp(timestamp::parse_response(files_.load(token)), files_.load(list), *trust_,
                                           x509::PathRules::Revocation::required);
    } catch (const Error& error) {
        if (error.reason() == "timestamp.imprint") report(list, error.reason(), "the time stamp is over other bytes");
        throw;
    }
}

void PackageCheck::compare_text(const std::string& file, std::string_view expected, std::string_view rule) {
    attempt(file, [&] {
        if (files_.load_text(file) != expected)
            report(file, rule, "the file is not what follows from the rest of the package");
    });
}

PackageReport PackageCheck::run() {
    report_.findings = files_.findings();
    check_chain();
    if (trust_) check_revocation_lists();
    check_evidence();  // names the altered file even where nothing further can be judged
    if (trust_) check_manifest();
    if (manifest_) {
        check_list_dates();
        check_roll();
        check_claims();
        check_epochs();
        check_log();
        check_trustees();
        check_ballots();
        check_results();
        if (options_.annex) check_annex();
    }
    std::ranges::sort(report_.findings, {}, [](const PackageFinding& f) { return std::tie(f.file, f.rule, f.message); });
    report_.findings.erase(std::unique(report_.findings.begin(), report_.findings.end()), report_.findings.end());
    return std::move(report_);
}

void PackageCheck::check_chain() {
    // What the chain must hold is known from the manifest alone; its signature is verified as soon as there is a chain.
    std::optional<Manifest> stated;
    attempt("manifest.json", [&] { stated = parse_manifest(files_.load("manifest.json")); });
    if (!stated) return;
    const auto& manifest = *stated;
    attempt("root.pem", [&] {
        const auto text = files_.load_text("root.pem");
        const auto root = x509::Certificate::parse_pem(text);
        require_canonical_pem(text, root.pem(), "root.pem");
        report_.root = root.fingerprint();
        if (options_.root_fingerprint && *options_.root_fingerprint != root.fingerprint())
            fail(ErrorCode::verification_failed, "package.root",
                 "the root's fingerprint is " + to_hex(root.fingerprint()) + ", not the one you trust");
        trust_.emplace(root, x509::Arc(manifest.arc));
        cas_.emplace("root", root);
    });
    if (!trust_) return;
    attempt("chain.pem", [&] {
        const auto text = files_.load_text("chain.pem");
        const auto chain = x509::parse_certificate_bundle(text);
        std::string canonical;
        for (const auto& certificate : chain) canonical += certificate.pem();
        require_canonical_pem(text, canonical, "chain.pem");
        if (chain.size() != 3 + manifest.token_issuers.size() || !(chain[0] == trust_->root()))
            fail_input("package.chain", "chain.pem must hold root, issuing CA, Ballot CA and one CA per token issuer");
        if (!equal(chain[2].der(), manifest.ballot_ca))
            fail(ErrorCode::verification_failed, "package.chain", "the third certificate is not the manifest's Ballot CA");
        std::vector<std::string> names = {"root", "issuing-ca", "ballot-ca"};
        for (const auto& issuer : manifest.token_issuers) names.push_back("registrar-ca-" + issuer);
        for (std::size_t i = 1; i < chain.size(); ++i) {
            cas_.emplace(names[i], chain[i]);
            trust_->add_intermediate(chain[i]);
        }
        for (std::size_t i = 1; i < chain.size(); ++i) {
            const auto role = i == 1 ? x509::Role::issuing_ca : i == 2 ? x509::Role::ballot_ca : x509::Role::registrar_ca;
            trust_->verify_path(chain[i], {.role = role, .time = manifest.verify_at,
                                           .revocation = x509::PathRules::Revocation::ignored});
        }
    });
}

void PackageCheck::check_revocation_lists() {
    for (const auto& [name, ca] : cas_) {
        const auto file = "crl/" + name + ".pem";
        attempt(file, [&] {
            const auto text = files_.load_text(file);
            auto crl = x509::Crl::parse_pem(text);
            require_canonical_pem(text, crl.pem(), file);
            if (!crl.is_signed_by(ca))
                fail(ErrorCode::verification_failed, "x509.path.crl", "the list is not signed by the CA it is named after");
            trust_->add_crl(std::move(crl));
        });
    }
    for (const auto& file : files_.with_prefix("crl/"))
        if (!cas_.contains(file.substr(4, file.size() - 8)))
            report(file, "package.extra_file", "there is no CA of that name in chain.pem");
}

void PackageCheck::check_manifest() {
    attempt("manifest.json", [&] {
        manifest_ = verify_manifest(files_.load("manifest.json"), files_.load("manifest.json.p7s"), *trust_,
                                    x509::PathRules::Revocation::required);
        report_.election = manifest_->manifest().id;
        report_.title = manifest_->manifest().title;
    });
    if (!manifest_) return;
    const auto& manifest = manifest_->manifest();
    for (const auto& finding : election::check_manifest(manifest))
        report("manifest.json", finding.rule, finding.message);
    for (const auto& key : manifest.token_keys)
        token_keys_.insert(sha256(x509::PublicKey::parse_spki(key.spki).key_octets()));
    for (const auto& [name, ca] : cas_) check_not_token_key("chain.pem", ca);
    check_not_token_key("manifest.json.p7s", manifest_->signer());
    check_not_token_key("manifest.json", x509::Certificate::parse(manifest.tsa_certificate));
}

void PackageCheck::check_list_dates() {
    const auto closes = manifest_->manifest().voting.closes;
    for (const auto& [name, ca] : cas_) {
        const auto file = "crl/" + name + ".pem";
        attempt(file, [&] {
            const auto crl = x509::Crl::parse_pem(files_.load_text(file));
            const auto refuse = [](std::string_view rule, const std::string& message) {
                fail(ErrorCode::verification_failed, rule, message);
            };
            if (crl.this_update() < closes)
                refuse("package.crl.old", "the list is older than the end of voting: later revocations would be missing");
            if (!crl.expired_certs_since() || *crl.expired_certs_since() > ca.not_before())
                refuse("package.crl.expired_certs",
                       "the list does not say that it keeps all certificates of its CA after they expire");
            if (crl.is_final() != (name == "ballot-ca"))
                refuse("package.crl.final", crl.is_final()
                                                ? "a list without end of a CA that is still at work could be replayed"
                                                : "the finished Ballot CA's list must be without end");
        });
    }
}

void PackageCheck::check_evidence() {
    for (const auto& file : files_.with_prefix("evidence/"))
        if (file != "evidence/0001.sha256" && file != "evidence/0001.tsr")
            report(file, "package.extra_file", "this evidence does not belong to the package as it was finished");
    std::map<std::string, std::string> hashes;
    const bool listed = attempt("evidence/0001.sha256", [&] {
        const auto text = files_.load_text("evidence/0001.sha256");
        std::string previous;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at);
            if (end == std::string::npos || end - at < 67 || text.compare(at + 64, 2, "  ") != 0)
                fail_input("package.evidence.list", "the list is not in sha256sum form");
            const auto path = text.substr(at + 66, end - at - 66);
            if (path <= previous) fail_input("package.evidence.list", "the list is not sorted by path");
            hashes[path] = to_hex(parse_sha256_hex(text.substr(at, 64)));
            if (hashes[path] != text.substr(at, 64)) fail_input("package.evidence.list", "hashes are lower-case hex");
            previous = path;
            at = end + 1;
        }
    });
    if (trust_) attempt("evidence/0001.tsr", [&] { verify_stamp("evidence/0001.tsr", "evidence/0001.sha256"); });
    if (!listed) return;
    for (const auto& path : files_.paths()) {
        if (path.starts_with("evidence/")) continue;
        const auto entry = hashes.find(path);
        if (entry == hashes.end()) {
            report(path, "package.evidence.unlisted", "the file is not in the stamped list");
            continue;
        }
        attempt(path, [&] {
            if (to_hex(sha256(files_.load(path))) != entry->second)
                report(path, "package.evidence.hash", "the file is not the one that was stamped");
        });
        hashes.erase(entry);
    }
    for (const auto& [path, hash] : hashes) report(path, "package.missing_file", "the stamped list has a file that is missing");
}

void PackageCheck::check_roll() {
    const auto& manifest = manifest_->manifest();
    attempt("roll/roll.json", [&] {
        const auto summary = parse_roll_summary(verify_document("roll/roll.json", x509::Role::officer));
        std::map<std::string, std::int64_t> styles;
        for (const auto& style : manifest.styles) styles[style.id] = style.voters;
        if (summary.election != manifest.id || summary.size != manifest.roll_size || summary.root != manifest.roll_root ||
            summary.styles != styles)
            fail(ErrorCode::verification_failed, "package.roll", "the roll is not the one that the manifest names");
    });
    attempt("roll/commitments.txt", [&] {
        roll_commitments_ = parse_commitments(files_.load_text("roll/commitments.txt"));
        if (static_cast<std::int64_t>(roll_commitments_.size()) != manifest.roll_size ||
            commitments_root(roll_commitments_) != manifest.roll_root)
            fail(ErrorCode::verification_failed, "package.roll", "the commitments do not give the manifest's roll root");
    });
    report_.totals.roll = manifest.roll_size;
}

void PackageCheck::check_claims() {
    const auto& manifest = manifest_->manifest();
    std::set<std::string> expected;
    for (const auto& issuer : manifest.token_issuers) {
        const auto file = "claims/" + issuer + ".json", list = "claims/" + issuer + ".txt";
        expected.insert({file, file + ".p7s", list});
        attempt(file, [&] {
            const auto summary = parse_claims_summary(verify_document(file, x509::Role::registrar));
            if (summary.election != manifest.id || summary.issuer != issuer)
                fail(ErrorCode::verification_failed, "package.claims", "the claims are those of another election or issuer");
            std::int64_t sum = 0;
            for (const auto& [style, count] : summary.styles) {
                sum += count;
                const auto* known = manifest.find_style(style);
                if (known == nullptr || count > known->voters)
                    fail(ErrorCode::verification_failed, "package.claims.roll",
                         "style " + style + " has more claims than voters on the roll");
            }
            if (sum != summary.claims)
                fail(ErrorCode::verification_failed, "package.claims", "the styles do not add up to the claims");
            claimed_[issuer] = summary.claims;
            for (const auto& [style, count] : summary.styles) {
                const auto [entry, added] = claimed_by_style_.try_emplace(style, count);
                if (!added) entry->second = std::min(entry->second, count);
            }
            attempt(list, [&] {
                auto& commitments = claim_commitments_[issuer];
                commitments = parse_commitments(files_.load_text(list));
                if (static_cast<std::int64_t>(commitments.size()) != summary.claims ||
                    commitments_root(commitments) != summary.root)
                    fail(ErrorCode::verification_failed, "package.claims", "the commitments do not give the signed root");
            });
        });
    }
    for (const auto& file : files_.with_prefix("claims/"))
        if (!expected.contains(file)) report(file, "package.extra_file", "the manifest names no such token issuer");
    report_.totals.claimed = 0;
    for (const auto& [issuer, claims] : claimed_)
        report_.totals.claimed = claimed_.begin()->first == issuer ? claims : std::min(report_.totals.claimed, claims);
}

void PackageCheck::check_epochs() {
    const auto& manifest = manifest_->manifest();
    std::set<std::string> expected;
    std::set<Sha256> seen;
    Time previous = manifest.voting.opens;
    std::int64_t number = 1;
    for (; files_.has(epoch_list_path(number)) || files_.has(epoch_token_path(number)); ++number) {
        const auto list = epoch_list_path(number), token_file = epoch_token_path(number);
        expected.insert({list, token_file});
        attempt(list, [&] {
            epochs_.push_back(parse_epoch_list(files_.load_text(list)));
            for (const auto& leaf : epochs_.back()) {
                if (!seen.insert(leaf).second) report(list, "package.epoch.repeated", to_hex(leaf) + " stands in two epochs");
                if (!files_.has(ballot_path(leaf)))
                    report(ballot_path(leaf), "package.missing_file", "the ballot is on the list of " + list + " but not here");
            }
        });
        attempt(token_file, [&] {
            const auto stamp = verify_stamp(token_file, list);
            if (!equal(stamp.signer().der(), manifest.tsa_certificate))
                fail(ErrorCode::verification_failed, "package.epoch.tsa", "the stamp is not by the manifest's authority");
            if (stamp.time() < previous || stamp.time() > manifest.final_epoch_until)
                fail(ErrorCode::verification_failed, "package.epoch.time",
                     "the stamp's time " + format_rfc3339(stamp.time()) +
                         " is before the epoch before it, before opening, or after the last epoch's limit");
            previous = stamp.time();
        });
    }
    report_.epochs = number - 1;
    for (const auto& file : files_.with_prefix("epochs/"))
        if (!expected.contains(file)) report(file, "package.epoch.gap", "an epoch before this one is missing");
    for (const auto& file : files_.with_prefix("ballots/"))
        if (!seen.contains(parse_sha256_hex(file.substr(11, 64))))
            report(file, "package.ballot.unlisted", "the ballot is in no epoch");
    // What is left when voting closes makes the last epoch, however few they are.
    for (std::size_t i = 0; i + 1 < epochs_.size(); ++i)
        if (static_cast<std::int64_t>(epochs_[i].size()) < manifest.epoch_min_ballots)
            report(epoch_list_path(static_cast<std::int64_t>(i) + 1), "package.epoch.small",
                   "the epoch has fewer ballots than the manifest's smallest epoch");
}

void PackageCheck::check_log() {
    for (const auto& epoch : epochs_)
        for (const auto& leaf : epoch) tree_.append(leaf);
    attempt("log/checkpoint", [&] {
        const auto verified = merkle::verify_checkpoint(files_.load_text("log/checkpoint"),
                                                        merkle::LogVerifier::parse_vkey(manifest_->manifest().log_key));
        const auto& checkpoint = verified.checkpoint();
        if (checkpoint.origin != manifest_->manifest().log_origin)
            fail(ErrorCode::verification_failed, "package.log.origin", "the checkpoint is of another log");
        if (checkpoint.size != tree_.size() || checkpoint.root != tree_.root())
            fail(ErrorCode::verification_failed, "package.log.root",
                 "size or root are not those of the epochs' ballots in order");
    });
    const auto tiles = merkle::make_tiles(tree_);
    for (const auto& [path, content] : tiles) {
        const auto file = "log/" + path;
        attempt(file, [&] {
            if (!equal(files_.load(file), content)) report(file, "package.log.tile", "the tile is not that of the log");
        });
    }
    for (const auto& file : files_.with_prefix("log/tile/"))
        if (!tiles.contains(file.substr(4))) report(file, "package.extra_file", "the log has no such tile");
}

PackageReport check_package(const std::filesystem::path& folder, const CheckOptions& options) {
    return PackageCheck(folder, options).run();
}

}  // namespace uvpki::election
