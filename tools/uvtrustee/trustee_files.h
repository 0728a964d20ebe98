#pragma once
// A trustee's files: the shared board folder of signed messages, the encrypted state between the steps, the encrypted
// share. One thread; several programs must not write the same state at once.

#include <map>
#include <string>
#include <vector>

#include "uvpki/random.h"
#include "uvpki/threshold/release.h"
#include "uvpki/threshold/transcript.h"

namespace uvpki::trustee {

using threshold::Step;

/// "02-reveal-3.p7m"
std::string message_file_name(Step step, int trustee);

/// Every *.p7m of the folder, in the order of names; other files are passed over. Throws not_found "board.missing" when
/// it is no folder, and for a bad message what Board::add throws, with the file's name.
std::vector<Bytes> load_messages(const std::string& folder);
threshold::Board load_board(const threshold::Plan& plan, const x509::TrustStore& trust, const std::string& folder);

/// Verified against the board's messages.
threshold::VerifiedTranscript load_transcript(const std::string& file, const std::string& board_folder,
                                              const x509::TrustStore& trust);

/// What a trustee keeps between the steps: the secret polynomial and every message already signed, so that a message
/// that was lost on its way is sent again and never made a second time.
struct KeptState {
    threshold::TrusteeState secret;
    std::map<Step, Bytes> messages;
};

/// A file under a password; save() is durable when it returns.
class StateFile {
public:
    StateFile(std::string path, SecretBytes password, Random& random);
    bool exists() const;
    /// Throws verification_failed "password_seal.password", invalid_input "threshold.state".
    KeptState load() const;
    void save(const KeptState& state) const;
    /// Overwrites and removes the file.
    void destroy() const;

private:
    std::string path_;
    SecretBytes password_;
    Random& random_;
};

void save_backup(const std::string& path, const threshold::ShareBackup& backup, const SecretBytes& password,
                 Random& random);
threshold::ShareBackup load_backup(const std::string& path, const SecretBytes& password);

}  // namespace uvpki::trustee
