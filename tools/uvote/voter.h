#pragma once
// The voter's side of an election: keys, blinding, token, ballot and receipt, kept in a state that is saved before
// every message is sent, so that a crash at any step loses nothing and a retry asks for the same thing again. One
// thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "uvpki/api/ballot_api.h"
#include "uvpki/api/registrar_api.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/claim.h"
#include "uvpki/election/receipt.h"
#include "uvpki/random.h"
#include "uvpki/secret.h"

namespace uvpki::voter {

/// Where the state lives: an encrypted file for a person, memory for a simulation. save() is durable when it returns.
class StateStore {
public:
    virtual ~StateStore() = default;
    virtual SecretBytes load() = 0;  ///< empty when nothing was saved yet
    virtual void save(const SecretBytes& state) = 0;
};

/// File of AES-256-GCM under a key from PBKDF2-HMAC-SHA-256; 0600; replaced atomically. verification_failed
/// "state.password".
class EncryptedStateFile final : public StateStore {
public:
    EncryptedStateFile(std::string path, SecretBytes password, Random& random, int iterations = 600'000);
    SecretBytes load() override;
    void save(const SecretBytes& state) override;

private:
    std::string path_;
    SecretBytes password_;
    Random& random_;
    int iterations_;
};

class MemoryState final : public StateStore {
public:
    SecretBytes load() override { return state_.clone(); }
    void save(const SecretBytes& state) override { state_ = state.clone(); }

private:
    SecretBytes state_;
};

enum class Step { nothing, enrolled, claimed, redeemed, sealed, cast };
std::string_view step_name(Step step);

/// Which registrar answers for which token issuer of the manifest.
using Registrars = std::map<std::string, api::RegistrarApi*>;

class Voter {
public:
    Voter(StateStore& store, const Clock& clock, Random& random);

    /// Makes the voter's key (saved first), sends the request, keeps the certificate after checking it against `trust`
    /// (its key, role voter). Repeating with the same invitation gives the same certificate.
    x509::Certificate enrol(std::string_view issuer, std::string_view invitation, api::RegistrarApi& registrar,
                            const x509::TrustStore& trust);
    /// Makes the ballot key and one blinding per token issuer (saved first), sends the claims, unblinds and verifies.
    /// A lost device after this is a lost vote: programs say so before they call it.
    void claim(const election::VerifiedManifest& manifest, std::string_view style, const Registrars& registrars);
    /// One request with all tokens; checks the certificate that comes back.
    void redeem(const election::VerifiedManifest& manifest, const x509::TrustStore& trust, api::BallotApi& box);
    /// Seals the choices (kept until the receipt is there, so that a retry sends the same bytes) without sending.
    const Bytes& seal(const election::VerifiedManifest& manifest,
                      const std::vector<election::ContestChoices>& contests);
    /// Sends the sealed ballot, checks and keeps the receipt, then forgets the ballot key (T31).
    election::Receipt cast(const election::VerifiedManifest& manifest, const x509::TrustStore& trust,
                           api::BallotApi& box);

    Step step(std::string_view election) const;
    std::optional<x509::Certificate> find_certificate(std::string_view issuer) const;
    std::optional<Bytes> find_receipt(std::string_view election) const;
    std::optional<Sha256> find_leaf(std::string_view election) const;
    /// The ballot style that was claimed for.
    std::optional<std::string> find_style(std::string_view election) const;
    /// The sealed eBallot, for sending it another way.
    std::optional<Bytes> find_ballot(std::string_view election) const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

}  // namespace uvpki::voter
