#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <nlohmann/json.hpp>
#include <thread>

#include "uvpki/cms/signed_data.h"
#include "uvpki/count/result.h"
#include "uvpki/election/claim.h"
#include "uvpki/election/epoch.h"
#include "uvpki/election/package_check.h"
#include "uvpki/election/roll.h"
#include "uvpki/encoding.h"
#include "uvpki/threshold/release.h"

namespace uvpki::election {

namespace {

std::string numbered(std::string_view before, int number, std::string_view after) {
    return std::string(before) + std::to_string(number) + std::string(after);
}

/// Where two JSON values first differ, as a path such as "contests/0/result/winners", for the finding's sentence.
std::string first_difference(const Json& a, const Json& b, const std::string& at = "") {
    if (a.type() != b.type()) return at.empty() ? "the whole" : at;
    const auto below = [&](const std::string& name) { return at.empty() ? name : at + "/" + name; };
    if (a.is_object()) {
        for (const auto& [name, value] : a.items()) {
            if (!b.contains(name)) return below(name);
            if (value != b.at(name)) return first_difference(value, b.at(name), below(name));
        }
        for (const auto& [name, value] : b.items())
            if (!a.contains(name)) return below(name);
    }
    if (a.is_array()) {
        for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
            if (a[i] != b[i]) return first_difference(a[i], b[i], below(std::to_string(i)));
        if (a.size() != b.size()) return below(std::to_string(std::min(a.size(), b.size())));
    }
    return at;
}

/// What one worker found out about one ballot.
struct Judged {
    std::vector<PackageFinding> findings;
    std::optional<OpenedBallot> opened;
    std::string style;
    Sha256 key{};
    bool verified = false;
};

}  // namespace

template <typename Step>
void PackageCheck::attempt_json(const std::string& file, Step step) {
    attempt(file, [&] {
        try {
            step();
        } catch (const nlohmann::json::exception&) {
            fail_input("package.json", file + " lacks a member, or one has the wrong type");
        }
    });
}

void PackageCheck::check_trustees() {
    const auto& manifest = manifest_->manifest();
    attempt("trustees/transcript.json", [&] {
        const auto text = files_.load("trustees/transcript.json");
        std::vector<Bytes> messages;
        for (const auto& file : files_.with_prefix("trustees/ceremony/"))
            attempt(file, [&] {
                auto message = files_.load(file);
                cms::parse_signed_data(message);
                messages.push_back(std::move(message));
            });
        if (sha256(text) != manifest.ceremony_transcript)
            fail(ErrorCode::verification_failed, "package.transcript", "the transcript is not the one of the manifest");
        transcript_ = threshold::verify_transcript(text, messages, *trust_);
        if (transcript_->plan().election != manifest.id || transcript_->plan().needed != manifest.trustee_threshold ||
            transcript_->share_points().size() != manifest.trustees.size())
            fail(ErrorCode::verification_failed, "package.transcript", "the ceremony was for another election or quorum");
        for (const auto& trustee : manifest.trustees)
            if (transcript_->share_point(trustee.index) != trustee.share_point)
                fail(ErrorCode::verification_failed, "package.transcript",
                     "the share point of " + transcript_->called(trustee.index) + " is not the manifest's");
        const auto certificate = x509::Certificate::parse(manifest.election_certificate);
        if (!equal(certificate.public_key().key_octets(), transcript_->joint_key()))
            fail(ErrorCode::verification_failed, "package.transcript", "the election certificate is not for the joint key");
    });
    std::set<std::string> expected = {"trustees/transcript.json"};
    std::map<int, Bytes> rehearsals;
    for (const auto& trustee : manifest.trustees) {
        const auto file = numbered("trustees/rehearsal-", trustee.index, ".csr");
        expected.insert(file);
        attempt(file, [&] {
            auto request = files_.load(file);
            if (transcript_)
                for (const auto& finding :
                     threshold::check_rehearsal(request, *transcript_, trustee.index, as_bytes(manifest.id)))
                    report(file, finding.rule, finding.message);
            rehearsals.emplace(trustee.index, std::move(request));
        });
        expected.insert(numbered("trustees/checkpoint-", trustee.index, ".p7m"));
        expected.insert(numbered("trustees/share-", trustee.index, ".pem"));
    }
    for (const auto& file : files_.with_prefix("trustees/"))
        if (!expected.contains(file) && !file.starts_with("trustees/ceremony/"))
            report(file, "package.extra_file", "the manifest names no such trustee");
    check_checkpoint_signatures();
    check_released_shares();
}

void PackageCheck::check_checkpoint_signatures() {
    const auto& manifest = manifest_->manifest();
    int signatures = 0;
    for (const auto& trustee : manifest.trustees) {
        const auto file = numbered("trustees/checkpoint-", trustee.index, ".p7m");
        if (!files_.has(file)) continue;
        attempt(file, [&] {
            const auto signed_checkpoint = cms::verify_signed_data(cms::parse_signed_data(files_.load(file)), {}, *trust_,
                                                                   rules_for(x509::Role::trustee));
            check_not_token_key(file, signed_checkpoint.signer().leaf());
            if (signed_checkpoint.signer().leaf().fingerprint() != trustee.certificate)
                fail(ErrorCode::verification_failed, "package.checkpoint.signer", "somebody else signed for this trustee");
            if (signed_checkpoint.content() != files_.load("log/checkpoint"))
                fail(ErrorCode::verification_failed, "package.checkpoint", "the trustee signed another checkpoint");
            ++signatures;
        });
    }
    if (signatures < manifest.trustee_threshold)
        report("trustees", "package.checkpoint.too_few", "fewer trustees than needed signed the final checkpoint");
}

void PackageCheck::check_released_shares() {
    const auto& manifest = manifest_->manifest();
    std::vector<threshold::VerifiedShare> shares;
    for (const auto& trustee : manifest.trustees) {
        const auto file = numbered("trustees/share-", trustee.index, ".pem");
        if (!files_.has(file)) continue;
        attempt(file, [&] {
            const auto text = files_.load_text(file);
            const auto key = x509::PrivateKey::parse_pkcs8(SecretBytes(parse_single_pem(text, "PRIVATE KEY")));
            if (to_pem("PRIVATE KEY", key.to_pkcs8().view()) != text)
                fail_input("package.pem", file + " is not the plain PEM form of its contents");
            if (transcript_)
                shares.push_back(threshold::verify_share(trustee.index, key.p256_scalar(), *transcript_));
        });
    }
    if (transcript_ && static_cast<int>(shares.size()) < manifest.trustee_threshold)
        report("trustees", "package.share.too_few", "fewer good shares than needed were released");
    attempt("election-key.pem", [&] {
        const auto text = files_.load_text("election-key.pem");
        auto key = x509::PrivateKey::parse_pkcs8(SecretBytes(parse_single_pem(text, "PRIVATE KEY")));
        if (to_pem("PRIVATE KEY", key.to_pkcs8().view()) != text)
            fail_input("package.pem", "election-key.pem is not the plain PEM form of its contents");
        if (!equal(key.public_key().spki(), x509::Certificate::parse(manifest.election_certificate).spki()))
            fail(ErrorCode::verification_failed, "package.election_key", "the key is not that of the election certificate");
        election_key_ = std::move(key);
    });
}

void PackageCheck::check_ballots() {
    std::vector<Sha256> leaves;
    for (const auto& epoch : epochs_) leaves.insert(leaves.end(), epoch.begin(), epoch.end());
    std::optional<BallotVerifier> verifier;
    if (!attempt("manifest.json", [&] { verifier.emplace(*manifest_, *trust_); })) return;

    std::vector<Judged> judged(leaves.size());
    std::atomic<std::size_t> next{0}, done{0};
    const auto judge = [&](std::size_t i) {
        const auto file = ballot_path(leaves[i]);
        auto& result = judged[i];
        try {
            if (!files_.has(file)) return;  // named when the epochs were read
            auto der = files_.load(file);
            if (sha256(der) != leaves[i])
                fail(ErrorCode::verification_failed, "package.ballot.name", "the file's SHA-256 is not its name");
            const auto ballot = verifier->verify_ballot(parse_ballot(der));
            result.verified = true;
            result.style = ballot.style();
            result.key = ballot.certificate().spki_sha256();
            if (election_key_) result.opened = open_ballot(ballot, *manifest_, *election_key_);
        } catch (const Error& error) {
            result.findings.push_back({file, error.reason(), error.message()});
        }
    };
    const auto work = [&] {
        for (auto i = next++; i < leaves.size(); i = next++) {
            judge(i);
            ++done;
        }
    };
    const auto tell = [&] {
        if (options_.on_progress)
            options_.on_progress({"ballots", static_cast<std::int64_t>(done.load()), static_cast<std::int64_t>(leaves.size())});
    };
    std::vector<std::thread> workers;
    for (int i = 1; i < options_.threads; ++i) workers.emplace_back(work);
    for (auto i = next++; i < leaves.size(); i = next++) {
        judge(i);
        ++done;
        tell();
    }
    for (auto& worker : workers) worker.join();
    tell();

    std::map<Sha256, std::string> keys;
    std::map<std::string, std::int64_t> by_style;
    all_opened_ = election_key_.has_value();
    for (std::size_t i = 0; i < judged.size(); ++i) {
        auto& result = judged[i];
        report_.findings.insert(report_.findings.end(), result.findings.begin(), result.findings.end());
        all_opened_ = all_opened_ && result.opened.has_value();
        if (result.opened) opened_.push_back(std::move(*result.opened));
        if (!result.verified) continue;
        ++by_style[result.style];
        const auto [first, added] = keys.try_emplace(result.key, ballot_path(leaves[i]));
        if (!added)
            report(ballot_path(leaves[i]), "package.ballot.second",
                   "the same ballot certificate signed " + first->second + " as well");
    }
    for (const auto& [style, count] : by_style)
        if (count > claimed_by_style_[style])
            report("claims", "package.claims.too_few",
                   "style " + style + " has " + std::to_string(count) + " ballots but only " +
                       std::to_string(claimed_by_style_[style]) + " signed claims");
}

void PackageCheck::check_results() {
    Json stated;
    const bool readable = attempt("results/results.json", [&] {
        const auto text = verify_document("results/results.json", x509::Role::officer);
        stated = parse_canonical_json(text);
    });
    if (!all_opened_ || !readable) {
        report("results/results.json", "package.results.not_recounted", "not every ballot could be verified and opened");
        return;
    }
    attempt_json("results/results.json", [&] {
        auto known = report_.totals;
        known.redeemed = stated.at("totals").at("redeemed").get<std::int64_t>();
        const auto cast = static_cast<std::int64_t>(opened_.size());
        if (known.redeemed < cast || known.redeemed > known.claimed)
            report("results/results.json", "package.results.totals", "cast <= redeemed <= claimed does not hold");
        report_.results = compute_results(*manifest_, opened_, known, tree_.root(), static_cast<std::int64_t>(tree_.size()),
                                          sha256(files_.load("log/checkpoint")));
        report_.totals = report_.results->totals;
        const auto recounted = parse_canonical_json(as_bytes(format_results(*report_.results)));
        if (recounted != stated)
            report("results/results.json", "package.results.differs",
                   "the recount differs at " + first_difference(stated, recounted));
    });
    if (!report_.results) return;
    std::string rounds;
    for (const auto& contest : report_.results->contests) {
        compare_text("results/" + contest.contest + ".blt", contest.blt, "package.results.differs");
        rounds += count::rounds_text(contest.result);
    }
    compare_text("results/results.csv", results_csv(*manifest_, *report_.results), "package.results.differs");
    compare_text("results/rounds.txt", rounds, "package.results.differs");
    for (const auto& file : files_.with_prefix("results/")) {
        const bool blt = file.ends_with(".blt") && manifest_->manifest().find_contest(file.substr(8, file.size() - 12));
        if (!blt && file != "results/results.json" && file != "results/results.json.p7s" &&
            file != "results/results.csv" && file != "results/rounds.txt")
            report(file, "package.extra_file", "no such result belongs to this election");
    }
}

void PackageCheck::check_annex() {
    attempt_json("annex", [&] {
        const auto annex = parse_canonical_json(*options_.annex, {.bytes = std::size_t{4} << 30});
        const auto& manifest = manifest_->manifest();
        const auto refuse = [](std::string_view rule, const std::string& message) {
            fail(ErrorCode::verification_failed, rule, message);
        };
        if (annex.at("election") != manifest.id) refuse("annex.election", "the annex is of another election");
        std::map<std::string, std::string> style_of;
        std::vector<Sha256> roll;
        for (const auto& entry : annex.at("roll")) {
            const RollEntry named{entry.at("entry"), entry.at("name"), entry.at("style"), parse_base64(entry.at("salt").get<std::string>())};
            roll.push_back(roll_commitment(named));
            if (!style_of.emplace(named.entry, named.style).second)
                refuse("annex.roll", "roll entry " + named.entry + " stands twice");
        }
        std::ranges::sort(roll);
        if (roll != roll_commitments_) refuse("annex.roll", "the named roll does not give the published commitments");

        std::vector<Sha256> claims;
        std::set<std::string> claimants;
        for (const auto& item : annex.at("claims")) {
            const auto entry = item.at("entry").get<std::string>();
            const auto der = parse_base64(item.at("claim").get<std::string>());
            claims.push_back(claim_commitment(parse_base64(item.at("salt").get<std::string>()), der));
            if (!style_of.contains(entry)) refuse("annex.claim.roll", "a claim was made for " + entry + ", who is not on the roll");
            if (!claimants.insert(entry).second) refuse("annex.claim.twice", entry + " claimed twice");
            // T7: the registrar's evidence is the voter's own signature.
            const auto claim = verify_claim(der, manifest, *trust_, rules_for(x509::Role::voter));
            check_not_token_key("annex", claim.voter());
            // T8: a voter certificate counts for the roll entry that it names, and for no other.
            if (claim.voter().alt_names() != std::vector<std::string>{"URI:urn:uuid:" + entry})
                refuse("annex.claim.voter", "the claim of " + entry + " is signed with the certificate of " +
                                                claim.voter().subject_text());
            const auto* key = manifest.find_token_key(claim.claim().token_key);
            if (key == nullptr || key->style != style_of[entry])
                refuse("annex.claim.style", "the claim of " + entry + " is for another style than the roll's");
        }
        std::ranges::sort(claims);
        const bool known = std::ranges::any_of(claim_commitments_, [&](const auto& list) { return list.second == claims; });
        if (!known) refuse("annex.claims", "the claims do not give any issuer's published commitments");
    });
}

}  // namespace uvpki::election
