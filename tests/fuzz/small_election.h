#pragma once
// One finished small election whose keys everybody has, from tests/vectors/fuzz-corpora/seeds.tar.gz: what readers of
// signed things need around them. Loaded once per process.

#include <string>

#include "uvpki/clock.h"
#include "uvpki/election/ballot.h"
#include "uvpki/election/manifest.h"
#include "uvpki/merkle/checkpoint.h"
#include "uvpki/threshold/ceremony.h"
#include "uvpki/x509/path.h"

namespace uvpki::fuzz {

struct SmallElection {
    struct Signer {
        x509::Certificate certificate;
        x509::PrivateKey key;
    };

    SmallElection();

    /// A file of the seeds' folder "election".
    static Bytes file(const std::string& name);
    static Signer signer(const std::string& name);

    /// The content as this person signs it, so that fuzzing reaches what stands behind the signature.
    Bytes signed_by(const Signer& signer, ByteView content) const;

    SimulatedClock clock;  ///< stands in the voting window
    x509::TrustStore trust;
    x509::TrustStore trustees_trust;  ///< of the plan's certificates
    election::VerifiedManifest manifest;
    election::BallotVerifier verifier;
    merkle::LogVerifier log;
    Signer voter, receipt, tsa, ocsp, trustee;
    threshold::Plan plan;
};

const SmallElection& small_election();

}  // namespace uvpki::fuzz
