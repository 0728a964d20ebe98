// README.txt of a package: every line that begins with four spaces is a command, and all of them together, pasted in
// order into a POSIX shell in the package's folder, run to the end.

#include "uvpki/election/package.h"

#include <utility>

#include "uvpki/encoding.h"

namespace uvpki::election {

namespace {

constexpr std::string_view text = R"readme(ELECTION PACKAGE
@TITLE@
Election @ID@ of @ORGANIZATION@

This folder is the whole election: who made the rules, every eBallot, the log, the key that
opens the ballots, and the result. Everything in it can be checked with the openssl command
(version 3.0 or later), a POSIX shell and POSIX utilities; neither our software nor the
network is needed, and it does not matter when you check.

Trust begins with one number. The SHA-256 fingerprint of the authority's root certificate is
    openssl x509 -in root.pem -noout -fingerprint -sha256
and must be the one that the authority published elsewhere. In this package it is
@ROOT@


EVERYTHING AT ONCE

Take verify.sh from a place you trust (it is the same for every election), and run it with
the fingerprint:  sh verify.sh -j 2 ROOT_SHA256
It says "BAD" and the file's name for everything that is wrong, recounts the first preferences
and exits with 0 only if all is well. What the files are is said in docs/formats/package.md of
the U-Vote PKI project.


ONE EBALLOT BY HAND

Run these commands in this folder. They write to a temporary folder and change nothing here.
The machine's own list of trusted authorities is left out:
    export LC_ALL=C SSL_CERT_DIR=/nonexistent SSL_CERT_FILE=/nonexistent
    W=$(mktemp -d)

1. The manifest: the rules of this election, signed by an officer of the authority (policy 11).
@ATTIME@ is @ATTIME_TEXT@, the one time at which all signatures are checked.
    openssl cms -verify -inform DER -in manifest.json.p7s -content manifest.json -binary \
      -CAfile chain.pem -no-CApath -no-CAstore -attime @ATTIME@ \
      -policy @ARC@.1.11 -explicit_policy -out "$W/manifest.json"

@BALLOT_STEPS@What the members of the files mean is said in docs/formats of the U-Vote PKI project: manifest and
results in package.md, the token in token.md, the log in log.md, the count in counting.md.
)readme";

constexpr std::string_view ballot_steps = R"readme(2. The eBallot. Take your own from your receipt, or any other:
    B=@BALLOT@
Its name is the SHA-256 of its content, and it stands on the list of one epoch:
    openssl dgst -sha256 -r "$B"
    E=$(grep -l "  $B\$" epochs/*.sha256) && echo "$E"

3. The list existed in its epoch: the time stamp (RFC 3161) says when. (@LIMIT@ is
@LIMIT_TEXT@, after which nothing was counted.)
    openssl ts -reply -in "${E%.sha256}.tsr" -text
    openssl ts -verify -in "${E%.sha256}.tsr" -data "$E" -CAfile chain.pem -attime @LIMIT@

4. A ballot certificate of this election (policy 6) signed it:
    openssl cms -verify -inform DER -in "$B" -CAfile chain.pem -no-CApath -no-CAstore \
      -attime @ATTIME@ -policy @ARC@.1.6 -explicit_policy \
      -signer "$W/ballot.pem" -out "$W/envelope.der"

5. The certificate carries a token that the registrar signed without seeing it. The key is the
one that the signed manifest names for this ballot style:
    openssl x509 -in "$W/ballot.pem" -outform DER -out "$W/ballot.der"
    AT=$(openssl asn1parse -inform DER -in "$W/ballot.der" |
      sed -n '/:@TOKEN_OID@$/{n;s/^ *\([0-9]*\):.*/\1/p;}')
    openssl asn1parse -inform DER -in "$W/ballot.der" -strparse "$AT" -noout -out "$W/tokens.der"
    KEY=$(dd if="$W/tokens.der" bs=1 skip=13 count=32 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
    sed -n 's/.*"key_id":"'"$KEY"'","spki":"\([^"]*\)".*/\1/p' manifest.json |
      openssl base64 -d -A | openssl pkey -pubin -inform DER -out "$W/token-key.pem"
    SIZE=$(openssl pkey -pubin -in "$W/token-key.pem" -noout -text | sed -n 's/.*(\([0-9]*\) bit).*/\1/p')
    dd if="$W/tokens.der" bs=1 skip=83 count=$((SIZE / 8)) of="$W/token.sig" 2>/dev/null
    HASH=$(openssl x509 -in "$W/ballot.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
      openssl dgst -sha256 -r | cut -d' ' -f1)
    printf '%s\n' 'asn1=SEQUENCE:token' '[token]' 'label=UTF8:ballot-token-v1' 'election=UTF8:@ID@' \
      "spki=FORMAT:HEX,OCTETSTRING:$HASH" > "$W/token.cnf"
    openssl asn1parse -genconf "$W/token.cnf" -noout -out "$W/message.der"
    dd if="$W/tokens.der" bs=1 skip=47 count=32 2>/dev/null | cat - "$W/message.der" > "$W/prepared"
    openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 \
      -verify "$W/token-key.pem" -signature "$W/token.sig" "$W/prepared"
(@ISSUERS@ token issuer(s); the first token is checked here, verify.sh checks all.)

6. What is in it. "ballot" must be the hash of step 5 and "manifest" the SHA-256 of manifest.json;
otherwise the vote was copied or meant for other rules, and is not counted:
    openssl cms -decrypt -inform DER -in "$W/envelope.der" -inkey election-key.pem -out "$W/vote.json"
    cat "$W/vote.json"; echo
    grep -q '"ballot":"'"$HASH"'"' "$W/vote.json" && echo "the vote belongs to this certificate"
    M=$(openssl dgst -sha256 -r manifest.json | cut -d' ' -f1)
    grep -q '"manifest":"'"$M"'"' "$W/vote.json" && echo "the vote was made for this manifest"

7. Clean up:
    rm -r "$W"


)readme";

constexpr std::string_view no_ballot_steps = R"readme(2. Nobody cast a ballot, so there is none to check.
    rm -r "$W"


)readme";

using Values = std::initializer_list<std::pair<std::string_view, std::string>>;

/// Replaces @NAME@ in one pass, so that a title that holds such a word stays what it is.
std::string fill_in(std::string_view form, Values values) {
    std::string filled;
    while (!form.empty()) {
        const auto* found = values.end();
        if (form.front() == '@')
            for (const auto& value : values)
                if (form.starts_with(value.first)) found = &value;
        if (found != values.end()) {
            filled += found->second;
            form.remove_prefix(found->first.size());
        } else {
            filled += form.front();
            form.remove_prefix(1);
        }
    }
    return filled;
}

}  // namespace

std::string package_readme(const VerifiedManifest& manifest, std::string_view example_ballot_path) {
    const auto seconds = [](Time time) { return std::to_string(unix_seconds(time)); };
    const x509::Arc arc(manifest->arc);
    const Values values = {{"@TITLE@", manifest->title},
                           {"@ID@", manifest->id},
                           {"@ORGANIZATION@", manifest->organization},
                           {"@ROOT@", to_hex(manifest->root)},
                           {"@ARC@", manifest->arc},
                           {"@TOKEN_OID@", arc.ballot_token()},
                           {"@ATTIME@", seconds(manifest->verify_at)},
                           {"@ATTIME_TEXT@", format_rfc3339(manifest->verify_at)},
                           {"@LIMIT@", seconds(manifest->final_epoch_until)},
                           {"@LIMIT_TEXT@", format_rfc3339(manifest->final_epoch_until)},
                           {"@ISSUERS@", std::to_string(manifest->token_issuers.size())},
                           {"@BALLOT@", std::string(example_ballot_path)}};
    const auto split = text.find("@BALLOT_STEPS@");
    return fill_in(text.substr(0, split), values) +
           fill_in(example_ballot_path.empty() ? no_ballot_steps : ballot_steps, values) +
           fill_in(text.substr(split + std::string_view("@BALLOT_STEPS@").size()), values);
}

}  // namespace uvpki::election
