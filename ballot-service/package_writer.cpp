// The election package of docs/formats/package.md. Files are written without a flush each; one flush of the file system
// stands before the time stamp's own two files, so a stamped package is on the disk whole.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "ballot-service/state.h"
#include "uvpki/election/epoch.h"
#include "uvpki/election/package.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"
#include "uvpki/merkle/tiles.h"
#include "uvpki/timestamp/authority.h"
#include "uvpki/timestamp/verify.h"

namespace uvpki::ballot_box {

namespace {

namespace fs = std::filesystem;
using service::Transaction;

/// What the store gives, read on one snapshot.
struct BoxParts {
    store::Installation installation;
    std::vector<store::Epoch> epochs;
    std::vector<std::vector<Sha256>> leaves;  ///< of each epoch
    Bytes final_crl;
    store::Tally tally;
    std::map<std::string, Bytes> tally_files;
};

BoxParts read_parts(Transaction& transaction, const BallotBox::State& state, const std::string& election_id) {
    BoxParts parts;
    parts.epochs = require_closed(transaction, election_id);
    const auto crl = store::find_final_crl(transaction, election_id);
    if (!crl) fail(ErrorCode::forbidden, "package.final_crl", "the Ballot CA's final list was not made yet");
    const auto tally = store::find_tally(transaction, election_id);
    if (!tally) fail(ErrorCode::forbidden, "package.not_tallied", "election " + election_id + " was not counted yet");
    parts.final_crl = *crl;
    parts.tally = *tally;
    parts.tally_files = store::tally_files(transaction, election_id);
    parts.installation = state.installation(transaction);
    for (const auto& epoch : parts.epochs)
        parts.leaves.push_back(store::leaves_of_epoch(transaction, election_id, epoch.number));
    return parts;
}

class Writer {
public:
    explicit Writer(fs::path folder) : folder_(std::move(folder)) {
        std::error_code problem;
        if (fs::exists(folder_, problem) && !fs::is_empty(folder_, problem))
            fail(ErrorCode::conflict, "package.folder", folder_.string() + " is not empty");
        make_folder(folder_);
    }

    void save(const std::string& path, ByteView content, FileMode mode = FileMode::shared) {
        const auto file = folder_ / path;
        const auto parent = file.parent_path();
        if (parent != last_folder_) {
            make_folder(parent);
            last_folder_ = parent;
        }
        save_file_relaxed(file, content, mode);
    }
    void save(const std::string& path, std::string_view content, FileMode mode = FileMode::shared) {
        save(path, as_bytes(content), mode);
    }

    void flush() const {
        const int descriptor = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool flushed = descriptor >= 0 && ::syncfs(descriptor) == 0;
        if (descriptor >= 0) ::close(descriptor);
        if (!flushed)
            fail(ErrorCode::unavailable, "file.unwritable", folder_.string() + " cannot be flushed to the disk");
    }
    const fs::path& folder() const { return folder_; }

private:
    fs::path folder_;
    fs::path last_folder_;
};

std::string numbered(std::string_view before, int number, std::string_view after) {
    return std::string(before) + std::to_string(number) + std::string(after);
}

void require_complete(const election::Manifest& manifest, const BallotBox::PackageParts& parts) {
    const auto refuse = [](std::string message) { fail_input("package.parts", std::move(message)); };
    if (parts.registrar_cas.size() != manifest.token_issuers.size())
        refuse("the package needs the registrar CA of each token issuer");
    if (parts.claims.size() != manifest.token_issuers.size())
        refuse("the package needs the claims of each token issuer");
    for (std::size_t i = 0; i < parts.claims.size(); ++i)
        if (parts.claims[i].issuer != manifest.token_issuers[i])
            refuse("the claims must come in the order of the manifest's token issuers");
    if (parts.rehearsals.size() != manifest.trustees.size()) refuse("the package needs the rehearsal of each trustee");
    const auto threshold = static_cast<std::size_t>(manifest.trustee_threshold);
    if (parts.shares.size() < threshold) refuse("fewer shares than the threshold were released");
    if (parts.checkpoint_signatures.size() < threshold)
        refuse("fewer trustees than the threshold signed the final checkpoint");
    std::vector<std::string> lists = {"root", "issuing-ca"};
    for (const auto& issuer : manifest.token_issuers) lists.push_back("registrar-ca-" + issuer);
    for (const auto& name : lists)
        if (!parts.crls.contains(name)) refuse("the revocation list of " + name + " is missing");
}

void write_documents(Writer& writer, const ElectionInUse& election, const BoxParts& own,
                     const BallotBox::PackageParts& parts) {
    const auto root = x509::Certificate::parse(own.installation.root);
    auto chain =
        root.pem() + x509::Certificate::parse(own.installation.issuing).pem() + election.ballot_ca.certificate().pem();
    for (const auto& ca : parts.registrar_cas) chain += ca.pem();
    writer.save("root.pem", root.pem());
    writer.save("chain.pem", chain);
    writer.save("manifest.json", election.manifest.text());
    writer.save("manifest.json.p7s",
                parts.manifest_signature.empty() ? election.manifest.signature() : parts.manifest_signature);
    writer.save("roll/roll.json", parts.roll_text);
    writer.save("roll/roll.json.p7s", parts.roll_signature);
    writer.save("roll/commitments.txt", election::format_commitments(parts.roll_commitments));
    for (const auto& claims : parts.claims) {
        const auto file = "claims/" + claims.issuer;
        writer.save(file + ".json", claims.text);
        writer.save(file + ".json.p7s", claims.signature);
        writer.save(file + ".txt", election::format_commitments(claims.commitments));
    }
    for (const auto& [name, crl] : parts.crls)
        if (name != "ballot-ca") writer.save("crl/" + name + ".pem", crl.pem());
    writer.save("crl/ballot-ca.pem", x509::Crl::parse(own.final_crl).pem());
}

void write_trustees(Writer& writer, const BallotBox::PackageParts& parts, const SecretBytes& election_key) {
    writer.save("trustees/transcript.json", parts.transcript);
    for (std::size_t i = 0; i < parts.ceremony_messages.size(); ++i) {
        std::array<char, 32> name{};
        std::snprintf(name.data(), name.size(), "%04zu.p7m", i + 1);
        writer.save(std::string("trustees/ceremony/") + name.data(), parts.ceremony_messages[i]);
    }
    for (std::size_t i = 0; i < parts.rehearsals.size(); ++i)
        writer.save(numbered("trustees/rehearsal-", static_cast<int>(i) + 1, ".csr"), parts.rehearsals[i]);
    for (const auto& [trustee, signature] : parts.checkpoint_signatures)
        writer.save(numbered("trustees/checkpoint-", trustee, ".p7m"), signature);
    for (const auto& [trustee, scalar] : parts.shares)
        writer.save(numbered("trustees/share-", trustee, ".pem"),
                    to_pem("PRIVATE KEY", x509::PrivateKey::from_p256_scalar(scalar).to_pkcs8().view()));
    writer.save("election-key.pem", to_pem("PRIVATE KEY", election_key.view()));
}

void write_log(Writer& writer, const ElectionInUse& election, const BoxParts& own) {
    merkle::Tree log;
    for (std::size_t i = 0; i < own.epochs.size(); ++i) {
        for (const auto& leaf : own.leaves[i]) log.append(leaf);
        const auto number = own.epochs[i].number;
        writer.save(election::epoch_list_path(number), election::format_epoch_list(own.leaves[i]));
        writer.save(election::epoch_token_path(number), own.epochs[i].token.value());
    }
    const auto note = newest_checkpoint(election, own.epochs);
    const auto head = merkle::verify_checkpoint(note, election.log_key.verifier()).checkpoint();
    if (head.size != log.size() || head.root != log.root())
        fail(ErrorCode::internal, "package.log", "the log's signed head does not belong to the ballots of the store");
    writer.save("log/checkpoint", note);
    for (const auto& [path, content] : merkle::make_tiles(log)) writer.save("log/" + path, content);
}

/// The list over everything else, and the stamp over the list.
void write_evidence(Writer& writer, const Stamp& stamp) {
    const auto list = election::package_file_list(writer.folder());
    auto response = stamp(timestamp::make_request(sha256(as_bytes(list))));
    // An outside authority may stamp the package, so whose it is stays for the verifiers to say.
    timestamp::verify_token_only(timestamp::parse_response(response), as_bytes(list));
    writer.save("evidence/0001.sha256", list);
    writer.save("evidence/0001.tsr", response);
}

}  // namespace

void BallotBox::write_package(std::string_view election_id, const fs::path& folder, const PackageParts& parts,
                              const Stamp& stamp,
                              const std::function<void(std::int64_t, std::int64_t)>& on_progress) const {
    const auto in_use = state_->election(election_id);
    const auto& election = *in_use;
    require_complete(election.manifest.manifest(), parts);
    const auto own =
        state_->database->read([&](Transaction& transaction) { return read_parts(transaction, *state_, election.id); });

    Writer writer(folder);
    write_documents(writer, election, own, parts);
    write_trustees(writer, parts, state_->open_sealed(own.tally.election_key_sealed, election_key_place(election.id)));
    write_log(writer, election, own);
    for (const auto& [path, content] : own.tally_files) writer.save(path, content);
    writer.save("results/results.json.p7s", parts.results_signature);

    std::int64_t total = 0, done = 0;
    std::string example;
    for (const auto& leaves : own.leaves) total += static_cast<std::int64_t>(leaves.size());
    for (const auto& leaves : own.leaves)
        for (const auto& leaf : leaves) {
            const auto path = election::ballot_path(leaf);
            if (example.empty()) example = path;
            writer.save(path, state_->load_ballot(election.id, leaf));
            if (on_progress) on_progress(++done, total);
        }
    writer.save("README.txt", election::package_readme(election.manifest, example));
    writer.save("verify.sh", election::package_verify_script(), FileMode::program);
    writer.flush();
    write_evidence(writer, stamp);
    writer.flush();
}

}  // namespace uvpki::ballot_box
