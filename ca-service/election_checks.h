#pragma once
// What stands between a draft and its manifest: the trustees' ceremony verified, the manifest composed, everything that
// is missing or wrong listed. Functions without state of their own. Private to the ca-service.

#include <optional>
#include <string_view>
#include <vector>

#include "ca-service/authority_state.h"
#include "ca-service/draft.h"
#include "ca-service/election_store.h"
#include "uvpki/threshold/release.h"
#include "uvpki/threshold/transcript.h"

namespace uvpki::ca {

/// What the trustees brought, verified again whenever something depends on it.
struct Ceremony {
    threshold::VerifiedTranscript transcript;
    threshold::VerifiedRehearsal rehearsal;
};

/// Throws what verify_transcript and verify_rehearsal throw, or invalid_input "election.ceremony" for another election.
Ceremony verify_ceremony(std::string_view id, const std::vector<Bytes>& messages, ByteView transcript,
                         const std::vector<Bytes>& rehearsals, const x509::TrustStore& trust);
/// The stored ceremony, verified; nothing when there is none.
std::optional<Ceremony> find_ceremony(service::Transaction& transaction, const std::string& id,
                                      const x509::TrustStore& trust);

/// Whatever the draft has so far, without ceremony and election certificate; what is not there keeps its default.
election::Manifest manifest_from(const store::ElectionRow& row, const Draft& draft, const Authority::State& state);
void add_ceremony(election::Manifest& manifest, const Ceremony& ceremony);

/// All that is missing ("election.missing...") or breaks a rule of the manifest.
std::vector<Finding> check_draft(service::Transaction& transaction, const store::ElectionRow& row,
                                 const Authority::State& state);

}  // namespace uvpki::ca
