#!/bin/sh
# verify.sh: checks an election package with the openssl command (3.0 or later), a POSIX shell and POSIX utilities alone.
#
# How to read it. First come two small readers in awk, one for DER (over hexadecimal text) and one for JSON; both are strict
# and refuse what they do not know. Then one function per step, in the order in which trust grows: the root's fingerprint,
# which you bring, vouches for the certificates; they vouch for the signed documents; those say what every other file must
# be. `main` at the end names the steps. Each finding is one line, "BAD  file: what is wrong". All signatures are made out
# by openssl; awk only looks at structure. Nothing of this machine counts but the programs themselves: its clock, its trust
# stores, its configuration and its language do not. Nothing in the package is executed, and no file name or value goes
# into a command before its form was checked.
#
# The format is described in docs/formats/package.md of the U-Vote PKI project. The same file serves every election: take
# it from a place you trust rather than from the package that it judges.

usage() {
    cat <<'END'
usage: sh verify.sh [-d PACKAGE] [-j JOBS] [-q] [ROOT_SHA256]

Verifies the election package in the folder PACKAGE (without -d: the folder that holds this script).

  ROOT_SHA256  the SHA-256 fingerprint of the authority's root certificate, as it was published outside the package;
               without it the fingerprint found in the package is shown, for you to compare
  -d PACKAGE   the package's folder
  -j JOBS      check ballots in so many processes at once (default 1)
  -q           findings and the final line only
  -h, --help   this text

exit status: 0 everything holds, 1 something is wrong (a line per finding), 2 bad use or nothing that can be read

  sh verify.sh -j 4 3f5a...e1
  sh verify.sh -d "/media/usb/council-2026" 3f5a...e1
END
}

# ---------------------------------------------------------------------------------------------------- surroundings

# One sentence on why nothing could be checked, exit 2.
give_up() {
    printf 'verify.sh: %s\n' "$*" >&2
    exit 2
}

isolate() {
    unset CDPATH ENV POSIXLY_CORRECT GREP_OPTIONS AWKPATH MAWK_LONG_OPTIONS XARGS_OPTIONS LANG LANGUAGE
    unset OPENSSL_CONF_INCLUDE OPENSSL_ENGINES OPENSSL_MODULES OPENSSL_TRACE OPENSSL_ia32cap RANDFILE
    LC_ALL=C TZ=UTC0 OPENSSL_CONF=/dev/null SSL_CERT_DIR=/nonexistent SSL_CERT_FILE=/nonexistent
    export LC_ALL TZ OPENSSL_CONF SSL_CERT_DIR SSL_CERT_FILE
    umask 077
    case $(openssl version 2>/dev/null) in
    "OpenSSL "[0-2].*) give_up 'needs OpenSSL 3.0 or later (opening ballots and Ed25519); this is' "$(openssl version)" ;;
    "OpenSSL "*) ;;
    *) give_up 'needs the openssl command, version 3.0 or later, of the OpenSSL project' ;;
    esac
    # in memory where that is possible: many small files come and go
    [ -n "${TMPDIR:-}" ] || { [ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm; }
    T=${TMPDIR:-/tmp}/verify-election.$$.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
    # mkdir fails on whatever is there already, a link too: the folder is ours alone.
    mkdir "$T" || give_up "cannot make a temporary folder in ${TMPDIR:-/tmp}"
    trap 'clean_up' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP PIPE TERM
    : >"$T/new" && : >"$T/findings" && mkdir "$T/ca" "$T/merkle" "$T/work" || give_up 'the temporary folder is not writable'
}

clean_up() {
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "${WORKERS:-}" ] || kill $WORKERS 2>/dev/null
    rm -rf "$T"
}

# bad FILE SENTENCE
bad() { printf 'BAD  %s: %s\n' "$1" "$2" | tr -c '\n -~' '?' >>"$T/new"; }

note() { [ -n "$QUIET" ] || printf '%s\n' "$*"; }

# done_with STEP COUNT: prints the step's findings, sorted, or that all is well.
done_with() {
    if [ -s "$T/new" ]; then
        sort -u "$T/new" | tee -a "$T/findings"
        : >"$T/new"
    else
        note "ok   $1 ($2)"
    fi
}

# Without this nothing further can be checked.
stop_here() {
    done_with "$1" 0
    printf 'BAD  the checks end here: without the above nothing further can be judged\n'
    exit 1
}

# ---------------------------------------------------------------------------------------------------- the readers

# Hexadecimal text <-> bytes. od turns bytes into text; the way back is a shell script of printf commands that awk writes.
unhex() { eval "$(awk -v h="$1" "$HEX"'BEGIN { print unpack(h, "&1") }')"; }
hex() { od -An -v -tx1 "$@" | tr -d ' \n' && echo; }
HEX='
BEGIN { tables() }
function tables(  n, h) {
    for (n = 0; n < 256; n++) {
        h = sprintf("%02x", n); OCT[h] = sprintf("\\%03o", n); NUM[h] = n
        if (n > 31 && n < 127) { CHR[h] = sprintf("%c", n); ORD[CHR[h]] = h }
    }
}
function text(h,  t, i) { for (i = 1; i < length(h); i += 2) t = t CHR[substr(h, i, 2)]; return t }
function hexof(t,  h, i) { for (i = 1; i <= length(t); i++) h = h ORD[substr(t, i, 1)]; return h }
# a command for the shell that writes these bytes into a file; h may only be hexadecimal
function unpack(h, file,  o, i) {
    for (i = 1; i < length(h); i += 2) o = o OCT[substr(h, i, 2)]
    return "printf \047" o "\047 >" file
}
function wrap(tag, h,  n) {  # the DER element
    n = length(h) / 2
    return tag (n < 128 ? "" : n < 256 ? "81" : "82" sprintf("%02x", int(n / 256))) sprintf("%02x", n % 256) h
}
'

# A reader of strict DER over the hexadecimal text H. P is the place in it, E the end of the innermost open element. The
# first rule that is broken is kept in `why`; after that every call returns nothing at once.
DER=$HEX'
function start(h) { H = h; P = 1; E = length(h) + 1; depth = 0; why = "" }
function fail(t) { if (why == "") why = t }
function more() { return why == "" && P < E }
function peek() { return more() ? substr(H, P, 2) : "" }
function head(tag, what,  l, k) {  # steps over tag and length; N: digits of the content
    N = 0
    if (why != "") return
    if (P >= E || substr(H, P, 2) != tag) { fail(what == "" ? "DER: expected an element of type " tag : what); return }
    l = substr(H, P + 2, 2); P += 4
    if (l < "80") N = NUM[l]
    else if (l == "81") { N = NUM[substr(H, P, 2)]; P += 2; if (N < 128) fail("DER: length not minimal") }
    else if (l == "82" || l == "83") {
        k = NUM[l] - 128
        if (substr(H, P, 2) == "00") fail("DER: length not minimal")
        for (; k > 0; k--) { N = N * 256 + NUM[substr(H, P, 2)]; P += 2 }
        if (N < 256) fail("DER: length not minimal")
    } else fail("DER: indefinite or oversized length")
    N *= 2
    if (P + N > E) fail("DER: an element is longer than what holds it")
}
function enter(tag, what) { head(tag, what); STACK[++depth] = E; if (why == "") E = P + N }
function leave(what) { if (P != E) fail(what == "" ? "DER: more elements than the format has" : what); E = STACK[depth--] }
function take(tag, what,  v) { head(tag, what); if (why != "") return ""; v = substr(H, P, N); P += N; return v }
function whole(tag, what,  from) { from = P; take(tag, what); return why == "" ? substr(H, from, P - from) : "" }
function is(tag, value, what) { if (take(tag, what) != value) fail(what) }
function integer(what,  v) {
    v = take("02", what)
    if (v == "" || v ~ /^00[0-7]/ && length(v) > 2 || v ~ /^ff[89a-f]/) fail("DER: integer not minimal")
    return v
}
function oid(dotted,  a, n, i, v, h) {
    n = split(dotted, a, "."); h = sprintf("%02x", a[1] * 40 + a[2])
    for (i = 3; i <= n; i++) {
        v = sprintf("%02x", a[i] % 128)
        for (a[i] = int(a[i] / 128); a[i] > 0; a[i] = int(a[i] / 128)) v = sprintf("%02x", a[i] % 128 + 128) v
        h = h v
    }
    return h
}
function time(  t) {  # YYYYMMDDHHMMSS of an UTCTime or a GeneralizedTime
    if (peek() == "17") { t = text(take("17")); t = (t < "5" ? "20" : "19") t } else t = text(take("18", "expected a time"))
    if (t !~ /^[0-9]+Z$/ || length(t) != 15) fail("a time is not in UTC to the second")
    return substr(t, 1, 14)
}
function extensions(  id, critical) {
    split("", X)
    for (enter("30"); more(); leave()) {
        enter("30"); id = take("06"); if (peek() == "01") is("01", "ff", "DER: a default value is written out")
        if (id in X) fail("an extension appears twice")
        X[id] = take("04")
    }
    leave()
}
# RFC 5280, 4.1: C["issuer"], subject, serial, from, until, spki, der; X: extensions by their identifier
function certificate(  from) {
    split("", C); from = P
    enter("30"); enter("30"); enter("a0"); is("02", "02", "the certificate is not of version 3"); leave()
    C["serial"] = integer(); whole("30"); C["issuer"] = whole("30")
    enter("30"); C["from"] = time(); C["until"] = time(); leave()
    C["subject"] = whole("30"); C["spki"] = whole("30")
    enter("a3", "the certificate has no extensions, or unique identifiers"); extensions(); leave(); leave()
    whole("30"); take("03"); leave()
    C["der"] = substr(H, from, P - from)
}
# RFC 5652, 5.3; sets ATTR (the number of signed attributes) and A: values by type. twins: high s is allowed too
function signer_info(twins,  id, v, last, s) {
    split("", A); ATTR = 0
    enter("30"); is("02", "01", "the signer is not named by issuer and serial number")
    enter("30")
    if (whole("30") != C["issuer"] || take("02") != C["serial"]) fail("the certificate is not that of the signer")
    leave(); S["digest"] = whole("30")
    for (enter("a0", "there are no signed attributes"); more(); ATTR++) {
        v = whole("30"); if (v <= last) fail("DER: the signed attributes are not in order"); last = v
        P -= length(v); enter("30"); id = take("06"); enter("31"); A[id] = whole(peek()); leave(); leave()
    }
    leave(); S["algorithm"] = whole("30"); enter("04")
    if (S["algorithm"] ~ /2a8648ce3d0403/) {
        enter("30"); integer(); s = integer(); leave()
        if (twins == "" && S["algorithm"] == "300a06082a8648ce3d040302" && length(C["spki"]) == 182) {
            if (length(s) == 66) s = substr(s, 3)
            else while (length(s) < 64) s = "0" s
            # half the order of P-256: of the two values that both verify only the low one is ours
            if (s > "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8") fail("high s: a twin of a signature")
        }
    } else P = E
    leave(); leave("unsigned attributes")
}
# RFC 5652, 5.1. content: "detached", "attached" or "envelope"
function signed_data(content) {
    enter("30"); is("06", "2a864886f70d010702", "not a CMS SignedData"); enter("a0"); enter("30")
    is("02", "01", "SignedData is not of version 1"); enter("31"); whole("30"); leave("more than one digest algorithm")
    enter("30"); is("06", "2a864886f70d010701", "the content type is not id-data")
    if (content != "detached") {
        enter("a0", "the content is missing"); enter("04"); if (content == "envelope") envelope(); else P = E; leave(); leave()
    }
    leave("a detached signature carries content"); enter("a0", "the certificate is missing"); certificate()
    leave("more than one certificate"); enter("31", "revocation lists inside the message"); signer_info()
    leave("more than one signer"); leave(); leave()
    if (P != length(H) + 1) fail("trailing bytes")
}
# RFC 5083 and 5084, in the one form of eBallots; sets B["point"]
function envelope(  a) {
    enter("30"); is("06", "2a864886f70d0109100117", "the content is no AuthEnvelopedData"); enter("a0"); enter("30")
    is("02", "00", "AuthEnvelopedData is not of version 0")
    enter("31"); enter("a1", "the recipient is not by key agreement"); is("02", "03", "KeyAgreeRecipientInfo is not of version 3")
    enter("a0"); enter("a1", "the originator is not a bare key"); enter("30"); is("06", "2a8648ce3d0201", "not an EC key")
    leave("the ephemeral key has parameters"); B["point"] = take("03"); leave(); leave()
    if (B["point"] !~ /^0004/ || length(B["point"]) != 132) fail("the ephemeral point is not an uncompressed P-256 point")
    a = whole("30", "user keying material, or no key agreement algorithm")
    if (a != "301506062b8104010b01300b060960864801650304012d") fail("key agreement is not SHA-256 KDF with AES-256 wrap")
    enter("30"); enter("30")
    if (whole("30") != RECIPIENT) fail("the ballot is not addressed to the election certificate")
    if (length(take("04")) != 80) fail("the wrapped key has not 40 octets")
    leave(); leave("more than one key"); leave(); leave("more than one recipient")
    enter("30"); is("06", "2a864886f70d010701", "the encrypted content is not id-data"); enter("30")
    is("06", "60864801650304012e", "the cipher is not AES-256-GCM"); enter("30")
    if (length(take("04")) != 24) fail("the nonce has not 12 octets")
    is("02", "10", "the tag length is not stated as 16"); leave(); leave(); take("80"); leave()
    if (length(take("04", "authenticated attributes, or no tag")) != 32) fail("the tag has not 16 octets")
    leave("unauthenticated attributes"); leave(); leave()
}
'

# A reader of canonical JSON (RFC 8785) in ASCII keys and whole numbers. Calls emit(PATH, VALUE) for every value, the path
# as contests/0/id, a string with a quotation mark before it and its escapes kept, the length of an array as PATH/#.
JSON='
function json(t) { J = t; I = 1; wrong = ""; value("", 0); if (wrong == "" && I != length(J) + 1) wrong = "text after the end" }
function at(path, step) { return path == "" ? step : path "/" step }
function value(path, deep,  c, n, k, last) {
    c = substr(J, I, 1)
    if (wrong != "") return
    if (deep > 12) wrong = "nested too deeply"
    else if (c == "\"") emit(path, "\"" string())
    else if (c == "{") {
        for (I++; wrong == "" && substr(J, I, 1) != "}"; n = 1) {
            if (n && substr(J, I++, 1) != ",") wrong = "expected a comma"
            if (substr(J, I, 1) != "\"") wrong = "expected a member"
            if (wrong != "") return
            k = string()
            if (k !~ /^[A-Za-z0-9_-]+$/) wrong = "odd member name"
            if (n && k <= last) wrong = "members not sorted, or one twice"
            if (substr(J, I++, 1) != ":") wrong = "expected a colon"
            last = k; value(at(path, k), deep + 1)
        }
        I++
    } else if (c == "[") {
        for (I++; wrong == "" && substr(J, I, 1) != "]"; n++) {
            if (n && substr(J, I++, 1) != ",") wrong = "expected a comma"
            value(at(path, n + 0), deep + 1)
        }
        I++; emit(at(path, "#"), n + 0)
    } else if (match(substr(J, I, 17), /^(-?[1-9][0-9]*|0|true|false|null)/) && RLENGTH < 17) {
        emit(path, substr(J, I, RLENGTH)); I += RLENGTH
    } else wrong = "expected a value"
}
function string(  s, w, c) {
    for (I++; wrong == ""; ) {
        w = substr(J, I, 200)
        if (!match(w, /["\\\001-\037]/)) {
            if (length(w) < 200) wrong = "a string has no end"
            s = s w; I += 200; continue
        }
        s = s substr(w, 1, RSTART - 1); I += RSTART - 1; c = substr(J, I, 1)
        if (c == "\"") { I++; return s }
        if (!match(substr(J, I, 6), /^\\(["\\bfnrt]|u00[01][0-9a-f])/)) wrong = "odd character in a string"
        s = s substr(J, I, RLENGTH); I += RLENGTH
    }
}
'

# flatten FILE OUT: PATH<TAB>VALUE lines of a JSON document; a finding when it is not one.
flatten() {
    : >"$2"
    [ -f "$1" ] || { bad "$1" 'is missing'; return 1; }
    tr -d '\000\n' <"$1" | cmp -s - "$1" || { bad "$1" 'is not one line of canonical JSON'; return 1; }
    awk "$JSON"'
        function emit(path, v) { print path "\t" v }
        { json($0) } END { if (wrong != "" || NR != 1) { print "!\t" wrong " at character " I; exit 1 } }' "$1" >"$2" ||
        { bad "$1" "is not canonical JSON: $(sed -n 's/^!.//p' "$2")"; return 1; }
}

# field FILE FLAT PATH FORM: prints the value when it has this form (hash id count time base64 oid point text), else notes a
# finding and prints "?".
field() {
    awk -F '\t' -v path="$3" -v form="$4" '
        function fits(v) {
            if (form == "count") return v ~ /^[0-9]+$/ && length(v) < 13
            if (v !~ /^"/) return 0
            v = substr(v, 2)
            if (form == "hash") return v ~ /^[0-9a-f]+$/ && length(v) == 64
            if (form == "id") return v ~ /^[a-z0-9-]+$/ && length(v) < 65
            if (form == "base64") return v ~ /^[A-Za-z0-9+\/]+=*$/
            if (form == "point") return v ~ /^04[0-9a-f]+$/ && length(v) == 130
            if (form == "oid") return v ~ /^[0-2](\.[0-9]+)+$/ && length(v) < 65
            if (form == "time") return length(v) == 20 && v ~ /^[0-9]+-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/
            return form == "text" && v != ""
        }
        $1 == path && fits($2) { sub(/^"/, "", $2); print $2; ok = 1; exit }
        END { if (!ok) { print "?"; exit 1 } }' "$2" || bad "$1" "member $3 is missing or has not the form of a $4"
}

# YYYY-MM-DDTHH:MM:SSZ -> YYYYMMDDHHMMSS, and that -> seconds since 1970 for -attime
compact() { printf '%s\n' "$1" | tr -d 'TZ:-'; }
seconds() {
    printf '%s\n' "$1" | awk '{
        y = substr($0, 1, 4) + 0; m = substr($0, 5, 2) + 0; d = substr($0, 7, 2) + 0; if (m < 3) { y--; m += 12 }
        days = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5) + d - 719469
        printf "%.0f\n", days * 86400 + substr($0, 9, 2) * 3600 + substr($0, 11, 2) * 60 + substr($0, 13, 2) }'
}

# ---------------------------------------------------------------------------------------------------- steps

# 1 Only files that the format knows, under plain names; the root that was asked for.
check_layout() {
    find . ! -name . -name '*[!A-Za-z0-9._-]*' -prune | tr -c ' -~' '?' | awk '{ print }' >"$T/odd"
    [ -s "$T/odd" ] && bad "$(cut -c1-200 "$T/odd")" 'file names with characters that the format does not use'
    # From here on names hold no blank, newline or quotation mark.
    find . ! -name . -name '*[!A-Za-z0-9._-]*' -prune -o -type f -print | sed 's|^\./||' | sort >"$T/files"
    find . ! -name . -name '*[!A-Za-z0-9._-]*' -prune -o ! -type f ! -type d -print | sed 's|^\./||' >"$T/links"
    while read -r f; do bad "$f" 'is a link or a device; only files and folders belong here'; done <"$T/links"
    find . ! -name . -name '*[!A-Za-z0-9._-]*' -prune -o -type d -print | sed 's|^\./||' | awk '
        NR == FNR { for (p = $0; sub(/\/[^\/]*$/, "", p); ) used[p] = 1; next }
        $0 != "." && !($0 in used)' "$T/files" - >"$T/empty"
    while read -r f; do bad "$f" 'is an empty folder'; done <"$T/empty"
    awk '
        BEGIN {
            one = "^(README\\.txt|verify\\.sh|root\\.pem|chain\\.pem|election-key\\.pem|manifest\\.json(\\.p7s)?|roll/roll\\.json(\\.p7s)?" \
                "|roll/commitments\\.txt|claims/[a-z0-9-]+\\.(json|json\\.p7s|txt)|epochs/[0-9]+\\.(sha256|tsr)|log/checkpoint" \
                "|log/tile/([0-9]+|entries)/(x[0-9][0-9][0-9]/)*[0-9][0-9][0-9](\\.p/[0-9]+)?|crl/(root|issuing-ca|ballot-ca|registrar-ca-[a-z0-9-]+)\\.pem" \
                "|trustees/transcript\\.json|trustees/ceremony/[A-Za-z0-9._-]+\\.p7m|trustees/rehearsal-[0-9]+\\.csr" \
                "|trustees/checkpoint-[0-9]+\\.p7m|trustees/share-[0-9]+\\.pem|results/results\\.json(\\.p7s)?" \
                "|results/(results\\.csv|rounds\\.txt)|results/[a-z0-9-]+\\.blt|evidence/[0-9]+\\.(sha256|tsr))$"
        }
        /^ballots\/[0-9a-f][0-9a-f]\/[0-9a-f]+\.p7m$/ && length($0) == 79 && substr($0, 9, 2) == substr($0, 12, 2) { next }
        $0 !~ one' "$T/files" >"$T/strange"
    while read -r f; do bad "$f" 'the format has no such file'; done <"$T/strange"
    find ballots -type f -size +128 2>/dev/null | sed 's/[^ -~]/?/g' >"$T/large"
    while read -r f; do bad "$f" 'is larger than 64 KiB'; done <"$T/large"
    for f in README.txt verify.sh root.pem chain.pem manifest.json manifest.json.p7s roll/roll.json roll/roll.json.p7s roll/commitments.txt \
        log/checkpoint crl/root.pem crl/issuing-ca.pem crl/ballot-ca.pem trustees/transcript.json election-key.pem results/results.json \
        results/results.json.p7s results/results.csv results/rounds.txt evidence/0001.sha256 evidence/0001.tsr; do
        grep -qx "$(printf '%s' "$f" | sed 's/\./\\./g')" "$T/files" || bad "$f" 'is missing'
    done
    openssl x509 -in root.pem -outform DER -out "$T/root.der" 2>/dev/null || { bad root.pem 'is not a certificate'; stop_here layout; }
    FINGERPRINT=$(openssl dgst -sha256 -r "$T/root.der" | cut -c1-64)
    if [ -n "$WANTED" ]; then
        [ "$WANTED" = "$FINGERPRINT" ] || bad root.pem "is not the root you trust: its fingerprint is $FINGERPRINT"
    fi
    done_with layout "$(wc -l <"$T/files" | tr -d ' ') files"
}

# 2 The manifest's values: nothing is believed yet, but everything later needs their form to be right.
read_manifest() {
    M=$T/manifest f=manifest.json
    flatten $f "$M" || stop_here manifest
    ID=$(field $f "$M" id id) ARC=$(field $f "$M" arc oid) VERIFY_AT=$(field $f "$M" verify_at time)
    OPENS=$(field $f "$M" voting/opens time) CLOSES=$(field $f "$M" voting/closes time)
    UNTIL=$(field $f "$M" final_epoch_until time) PLAINTEXT_SIZE=$(field $f "$M" plaintext_size count)
    MIN_BALLOTS=$(field $f "$M" epoch/min_ballots count)
    ROLL_SIZE=$(field $f "$M" roll/size count) ROLL_ROOT=$(field $f "$M" roll/root hash) THRESHOLD=$(field $f "$M" trustees/threshold count)
    ISSUERS=$(field $f "$M" 'token_issuers/#' count) STYLES=$(field $f "$M" 'styles/#' count) CONTESTS=$(field $f "$M" 'contests/#' count)
    KEYS=$(field $f "$M" 'token_keys/#' count) TRUSTEES=$(field $f "$M" 'trustees/members/#' count)
    field $f "$M" ballot_ca base64 | openssl base64 -d -A >"$T/ballot-ca.der"
    field $f "$M" election_certificate base64 | openssl base64 -d -A >"$T/election.der"
    field $f "$M" tsa_certificate base64 | openssl base64 -d -A >"$T/tsa.der"
    for c in root ballot-ca election tsa; do openssl x509 -inform DER -in "$T/$c.der" -out "$T/$c.pem" 2>/dev/null || bad $f "holds no certificate for $c"; done
    # keys ISSUER STYLE KEY_ID NUMBER, styles ID NUMBER VOTERS, contests ID NUMBER METHOD SEATS: as plain lists
    i=0; : >"$T/keys"
    while [ "$i" -lt "${KEYS#\?}" ]; do
        printf '%s %s %s %s\n' "$(field $f "$M" token_keys/$i/issuer id)" "$(field $f "$M" token_keys/$i/style id)" \
            "$(field $f "$M" token_keys/$i/key_id hash)" "$i" >>"$T/keys"
        field $f "$M" token_keys/$i/spki base64 | openssl base64 -d -A >"$T/key.$i.der"
        [ "$(openssl dgst -sha256 -r "$T/key.$i.der" | cut -c1-64)" = "$(field $f "$M" token_keys/$i/key_id hash)" ] || bad $f "token key $i has another key_id"
        openssl pkey -pubin -inform DER -in "$T/key.$i.der" -out "$T/key.$i.pem" 2>/dev/null || bad $f "token key $i is not a public key"
        i=$((i + 1))
    done
    i=0; : >"$T/issuers"
    while [ "$i" -lt "${ISSUERS#\?}" ]; do field $f "$M" token_issuers/$i id >>"$T/issuers"; i=$((i + 1)); done
    i=0; : >"$T/styles"
    while [ "$i" -lt "${STYLES#\?}" ]; do printf '%s %s\n' "$(field $f "$M" styles/$i/id id)" "$(field $f "$M" styles/$i/voters count)" >>"$T/styles"; i=$((i + 1)); done
    i=0; : >"$T/contests"
    while [ "$i" -lt "${CONTESTS#\?}" ]; do field $f "$M" contests/$i/id id >>"$T/contests"; i=$((i + 1)); done
    [ "$(field $f "$M" root hash)" = "$FINGERPRINT" ] || bad $f 'names another root certificate'
    [ "$(sort "$T/contests" | uniq -d)$(sort "$T/issuers" | uniq -d)$(cut -d' ' -f1 "$T/styles" | sort | uniq -d)" = '' ] || bad $f 'an id appears twice'
    # Decided before signing in the election's own rules; here because the checks below lean on them.
    AT=$(seconds "$(compact "$VERIFY_AT")")
    [ "$AT" -eq "$(($(seconds "$(compact "$CLOSES")") - 1))" ] || bad $f 'verify_at is not one second before voting closes'
    MANIFEST_HASH=$(openssl dgst -sha256 -r manifest.json | cut -c1-64)
    [ ! -s "$T/new" ] || stop_here manifest
}

# 3 Root and intermediates: who signed whom, and that nobody but the root stands alone.
check_chain() {
    awk -v t="$T/ca/" '
        /^-----BEGIN CERTIFICATE-----$/ && !inside { inside = 1; n++ }
        !inside || length($0) > 64 || !/^-----(BEGIN|END) CERTIFICATE-----$/ && !/^[A-Za-z0-9+\/=]+$/ { exit 1 }
        { print > (t n ".pem") }
        /^-----END/ { inside = 0; close(t n ".pem") }
        END { if (inside) exit 1 }' chain.pem 2>/dev/null || { bad chain.pem 'is not a plain list of certificates'; stop_here chain; }
    cmp -s root.pem "$T/ca/1.pem" || bad chain.pem 'does not begin with root.pem'
    [ -f "$T/ca/3.pem" ] || { bad chain.pem 'lacks the issuing CA or the Ballot CA'; stop_here chain; }
    cat "$T/ca/1.pem" "$T/ca/2.pem" >"$T/issuing-chain.pem"
    cat "$T/ca/1.pem" "$T/ca/2.pem" "$T/ca/3.pem" >"$T/ballot-chain.pem"
    n=0
    for c in "$T"/ca/*.pem; do
        n=$((n + 1)); openssl x509 -in "$T/ca/$n.pem" -outform DER -out "$T/ca/$n.der" || bad chain.pem "certificate $n cannot be read"
        case $n in
        1) openssl verify -no-CApath -no-CAstore -attime "$AT" -check_ss_sig -CAfile "$T/ca/1.pem" "$T/ca/1.pem" ;;
        2) openssl verify -no-CApath -no-CAstore -attime "$AT" -CAfile "$T/ca/1.pem" "$T/ca/2.pem" ;;
        *) openssl verify -no-CApath -no-CAstore -attime "$AT" -CAfile "$T/ca/1.pem" -untrusted "$T/ca/2.pem" "$T/ca/$n.pem" ;;
        esac >/dev/null || bad chain.pem "certificate $n does not verify at the time of the election"
        hex "$T/ca/$n.der"
    done 2>/dev/null >"$T/ca/hex"
    cmp -s "$T/ca/3.der" "$T/ballot-ca.der" || bad chain.pem 'the third certificate is not the Ballot CA of the manifest'
    # Names, roles and path lengths; a CA may carry its own leaves' policies only (design, section 3).
    awk -v arc="$ARC" -v subjects="$T/ca/subjects" "$DER"'
        function policies(v,  s) {
            for (start(v) enter("30"); more(); leave()) { enter("30"); s = s " " take("06") }
            return s
        }
        {
            start($0); certificate(); n = NR; w = why; P0 = P; self = C["issuer"] == C["subject"]
            if (w == "" && P != length($0) + 1) w = "trailing bytes"
            if (w == "" && X["551d13"] !~ /^30(03|06)0101ff/) w = "is not a CA"
            if (w == "" && (n == 1) != self) w = n == 1 ? "is not self-signed" : "is self-signed; only the root may be"
            if (w == "" && C["subject"] in seen) w = "has the name of another certificate"
            if (w == "" && n == 2 && (C["issuer"] != first || X["551d13"] !~ /020101$/)) w = "is not an issuing CA under the root (path length 1)"
            if (w == "" && n > 2 && (C["issuer"] != second || X["551d13"] !~ /020100$/)) w = "is not under the issuing CA (path length 0)"
            if (w == "" && n > 1) p = policies(X["551d20"])
            if (w == "" && n == 3 && p != " " oid(arc ".1.6")) w = "carries other policies than that of ballots"
            if (w == "" && n > 3 && p != " " oid(arc ".1.5") && p != " " oid(arc ".1.5") " " oid(arc ".1.8")) w = "carries other policies than those of voters"
            if (n == 1) first = C["subject"]
            if (n == 2) second = C["subject"]
            seen[C["subject"]] = 1
            print C["subject"], C["issuer"], C["serial"] > subjects
            if (w != "") print "certificate " n " " w
        }' "$T/ca/hex" >"$T/lines"
    while read -r f; do bad chain.pem "$f"; done <"$T/lines"
    ISSUING_NAME=$(sed -n '2s/ .*//p' "$T/ca/subjects") BALLOT_CA_NAME=$(sed -n '3s/ .*//p' "$T/ca/subjects")
    done_with chain "$n certificates"
}

# 4 Each CA's list of the day the election closed. openssl does not compare revocation dates, so the entries are read here.
check_crls() {
    : >"$T/revoked"
    : >"$T/lines"
    sed -n 's|^crl/||p' "$T/files" >"$T/crls"
    while read -r f; do
        openssl crl -in "crl/$f" -outform DER -out "$T/crl.der" 2>/dev/null || { bad "crl/$f" 'is not a revocation list'; continue; }
        openssl crl -in "crl/$f" -CAfile chain.pem -noout 2>&1 </dev/null | grep -qx 'verify OK' || bad "crl/$f" 'is not signed by a CA of chain.pem'
        hex "$T/crl.der" | awk -v revoked="$T/revoked" "$DER"'
            { start($0); enter("30"); enter("30"); is("02", "01", "not version 2"); whole("30"); issuer = whole("30"); time(); time()
              if (peek() == "30") {
                  for (enter("30"); more(); leave()) {
                      enter("30"); serial = take("02"); when = time(); split("", X); if (more()) extensions()
                      if (X["551d15"] ~ /^0a010[12]$/ && "551d18" in X) when = text(substr(X["551d18"], 5, 28))
                      print issuer, serial, when >> revoked
                  }
                  leave()
              }
              enter("a0"); extensions(); leave(); leave(); whole("30"); take("03"); leave()
              if (why != "" || P != length($0) + 1) issuer = "?"
              print issuer }' >"$T/line"
        ca=$(awk -v i="$(cat "$T/line")" '$1 == i { print NR }' "$T/ca/subjects")
        case $f in root.pem) want=1 ;; issuing-ca.pem) want=2 ;; ballot-ca.pem) want=3 ;; *) want=${ca:-0}; [ "$want" -gt 3 ] || want=none ;; esac
        [ "$want" = "$ca" ] || bad "crl/$f" 'is malformed, or the list of another CA'
        echo "${ca:-?}" >>"$T/lines"
    done <"$T/crls"
    awk 'NR == FNR { have[$1]++; next } have[FNR] != 1 { print FNR }' "$T/lines" "$T/ca/subjects" >"$T/line"
    while read -r f; do bad chain.pem "certificate $f has not exactly one list in crl/"; done <"$T/line"
    sed 1d "$T/ca/subjects" | while read -r _ issuer serial; do
        not_revoked chain.pem "$issuer" "$serial" "$(compact "$VERIFY_AT")"
    done
    done_with 'revocation lists' "$(wc -l <"$T/crls" | tr -d ' ')"
}

# not_revoked FILE ISSUER SERIAL TIME: the entry counts when its date is not later than the time.
not_revoked() {
    awk -v i="$2" -v s="$3" -v t="$4" '$1 == i && $2 == s && $3 <= t { found = 1 } END { exit !found }' "$T/revoked" &&
        bad "$1" 'the certificate of the signer was revoked by then'
    return 0
}

# signed FILE ROLE [CONTENT]: a CMS signature of the given role, whose certificate the issuing CA itself issued. Without
# CONTENT the message carries its content, which goes to $T/content.
signed() {
    [ -f "$1" ] || { bad "$1" 'is missing'; return; }
    rm -f "$T/content"
    hex "$1" | awk -v kind="${3:+detached}" "$DER"'
        { start($0); signed_data(kind == "" ? "attached" : kind); print (why == "" ? C["issuer"] " " C["serial"] " " C["der"] : "- " why) }' >"$T/line"
    read -r by serial der <"$T/line"
    if [ "$by" = - ]; then bad "$1" "$serial $der"; return; fi
    [ "$by" = "$ISSUING_NAME" ] || bad "$1" 'the certificate of the signer is not from the issuing CA'
    # shellcheck disable=SC2086
    openssl cms -verify -cades -inform DER -in "$1" ${3:+-content "$3"} -binary -CAfile "$T/issuing-chain.pem" -no-CApath -no-CAstore \
        -attime "$AT" -policy "$ARC.1.$2" -explicit_policy -out "$T/content" >/dev/null 2>&1 ||
        bad "$1" "is no valid signature ${3:+over $3 }in the role ARC.1.$2"
    not_revoked "$1" "$by" "$serial" "$(compact "$VERIFY_AT")"
    SIGNER_DER=$der
}

check_manifest() {
    signed manifest.json.p7s 11 manifest.json
    for c in election:16 tsa:7; do
        openssl verify -no-CApath -no-CAstore -attime "$AT" -CAfile "$T/ca/1.pem" -untrusted "$T/ca/2.pem" -policy "$ARC.1.${c#*:}" -explicit_policy \
            "$T/${c%:*}.pem" >/dev/null 2>&1 || bad manifest.json "the ${c%:*} certificate is not of role ARC.1.${c#*:} under this root"
        hex "$T/${c%:*}.der" | awk "$DER"'{ start($0); certificate(); print C["issuer"], C["serial"], C["spki"], wrap("30", C["issuer"] wrap("02", C["serial"])) }' >"$T/line"
        read -r issuer serial spki name <"$T/line"
        [ "$issuer" = "$ISSUING_NAME" ] || bad manifest.json "the ${c%:*} certificate is not from the issuing CA"
        [ $c = tsa:7 ] || RECIPIENT=$name ELECTION_SPKI=$spki
        not_revoked manifest.json "$issuer" "$serial" "$(compact "$VERIFY_AT")"
    done
    done_with manifest "$ID"
}

# stamped LIST RESPONSE: an RFC 3161 token over the list by a TSA of the issuing CA, at the token's own time ($STAMP_TIME).
stamped() {
    STAMP_TIME=''
    [ -f "$2" ] || { bad "$2" 'is missing'; return; }
    hex "$2" | awk "$DER"'
        {
            start($0); enter("30"); enter("30"); is("02", "00", "the request was not granted"); if (more()) P = E; leave()
            enter("30"); is("06", "2a864886f70d010702", "no token"); enter("a0"); enter("30"); is("02", "03", "not version 3")
            enter("31"); whole("30"); leave(); enter("30"); is("06", "2a864886f70d0109100104", "no TSTInfo")
            enter("a0"); enter("04"); enter("30"); is("02", "01"); take("06"); enter("30"); whole("30"); take("04"); leave()
            take("02"); t = peek() == "18" ? time() : fail("no time"); P = E; leave(); leave(); leave(); leave()
            enter("a0", "no certificate"); certificate(); leave("more than one certificate"); enter("31"); signer_info("any s"); leave("more than one signer")
            leave(); leave(); leave("trailing bytes"); if (P != length($0) + 1) fail("trailing bytes")
            print (why == "" ? t " " C["issuer"] " " C["serial"] " " C["der"] : "- " why)
        }' >"$T/line"
    read -r STAMP_TIME by serial der <"$T/line"
    if [ "$STAMP_TIME" = - ]; then bad "$2" "is no granted time stamp of the expected form: $by $serial $der"; STAMP_TIME=''; return; fi
    openssl ts -verify -data "$1" -in "$2" -CAfile "$T/issuing-chain.pem" -attime "$(seconds "$STAMP_TIME")" -policy "$ARC.1.7" -explicit_policy >/dev/null 2>&1 ||
        bad "$2" "is no valid time stamp over $1 in the role ARC.1.7"
    [ "$by" = "$ISSUING_NAME" ] || bad "$2" 'the certificate of the TSA is not from the issuing CA'
    not_revoked "$2" "$by" "$serial" "$STAMP_TIME"
    STAMP_DER=$der
}

# 5 Every file is on the list, and the list was stamped. A later list (a renewal) covers the earlier evidence too.
check_evidence() {
    grep -v '^evidence/' "$T/files" | xargs openssl dgst -sha256 -r | sed 's/^\([0-9a-f]*\) \*/\1  /' >"$T/hashes"
    if ! cmp -s "$T/hashes" evidence/0001.sha256; then
        [ ! -f evidence/0001.sha256 ] || tr -c '\n -~' '?' <evidence/0001.sha256 | awk '
            function path(line) { return substr(line, 67) }
            NR == FNR { is[path($0)] = substr($0, 1, 64); next }
            { if ($0 !~ /^[0-9a-f]+  [^ ]/ || length($0) < 67) print "evidence/0001.sha256 has a malformed line"
              else if (!(path($0) in is)) print path($0) " is on the list evidence/0001.sha256 and not here"
              else if (is[path($0)] != substr($0, 1, 64)) print path($0) " was altered: its hash is not that of evidence/0001.sha256"
              if (path($0) <= last) print "evidence/0001.sha256 is not sorted by path"
              last = path($0); listed[path($0)] = 1 }
            END { for (p in is) if (!(p in listed)) print p " is not on the list evidence/0001.sha256" }' "$T/hashes" - >"$T/lines"
        [ -s "$T/lines" ] || echo 'evidence/0001.sha256 is missing or its line ends are wrong' >"$T/lines"
        while read -r f text; do bad "$f" "$text"; done <"$T/lines"
    fi
    sed -n 's|^evidence/\(.*\)\.sha256$|\1|p' "$T/files" >"$T/lists"
    n=0 earlier=0
    while read -r i; do
        n=$((n + 1)); [ "$i" = "$(printf %04d $n)" ] || bad "evidence/$i.sha256" 'breaks the numbering'
        stamped "evidence/$i.sha256" "evidence/$i.tsr"
        [ $n -gt 1 ] || [ "${STAMP_DER:-}" = "$(hex "$T/tsa.der")" ] || bad "evidence/$i.tsr" 'is not by the TSA of the manifest'
        [ "${STAMP_TIME:-0}" -lt "$earlier" ] && bad "evidence/$i.tsr" 'is older than the evidence before it'
        earlier=${STAMP_TIME:-0}
        [ $n -eq 1 ] || { grep '^evidence/' "$T/files" | awk -v i="$i" '{ f = $0; sub(/^evidence\//, "", f); sub(/\..*/, "", f); if (f + 0 < i + 0) print }' |
            xargs openssl dgst -sha256 -r | sed 's/^\([0-9a-f]*\) \*/\1  /' | cat "$T/hashes" - | sort >"$T/want"
            sort "evidence/$i.sha256" | comm -23 "$T/want" - | sed 's/^[0-9a-f]*  //' >"$T/lines"
            while read -r f; do bad "$f" "evidence/$i.sha256 does not cover it, or it was altered since"; done <"$T/lines"; }
    done <"$T/lists"
    sed -n 's|^evidence/\(.*\)\.tsr$|\1|p' "$T/files" | comm -13 "$T/lists" - >"$T/lines"
    while read -r i; do bad "evidence/$i.tsr" 'stands alone, without its list'; done <"$T/lines"
    done_with evidence "$(wc -l <"$T/hashes" | tr -d ' ') hashes, $n time stamp(s)"
}

# Hexadecimal messages, one per line -> their SHA-256, one per line. Each message is written to a file, because openssl
# hashes many files in one process; the same files serve again and again.
sha256_lines() {
    mkdir -p "$T/h" && rm -f "$T"/h/script.*
    awk -v script="$T/h/script." "$HEX"'
        { print unpack($1, (NR - 1) % 4096) > (script int((NR - 1) / 4096)) }
        NR % 4096 == 0 { close(script NR / 4096 - 1) }'
    (
        cd "$T/h" && n=0
        while [ -f script.$n ]; do
            . ./script.$n
            awk '{ print NR - 1 }' script.$n | xargs openssl dgst -sha256 -r | cut -c1-64
            n=$((n + 1))
        done
    )
}

# RFC 9162, 2.1.1, over 32-octet entries (hexadecimal lines) on stdin; prints the root, leaves the levels in $T/merkle/N.
merkle_root() {
    rm -f "$T"/merkle/*
    awk '{ print "00" $1 }' | sha256_lines >"$T/merkle/0"
    level=0
    [ -s "$T/merkle/0" ] || { openssl dgst -sha256 -r /dev/null | cut -c1-64; return; }
    while [ "$(wc -l <"$T/merkle/$level")" -gt 1 ]; do
        {
            awk 'NR % 2 { left = $1; next } { print "01" left $1 }' "$T/merkle/$level" | sha256_lines
            # a last node without a neighbour goes up as it is
            awk 'END { if (NR % 2) print $1 }' "$T/merkle/$level"
        } >"$T/merkle/$((level + 1))"
        level=$((level + 1))
    done
    cat "$T/merkle/$level"
}

# commitments FILE COUNT ROOT WHERE: one per line, sorted, none twice; as many as stated and with the stated root.
commitments() {
    [ -f "$1" ] || { bad "$1" 'is missing'; return; }
    tr -c '\n -~' '?' <"$1" | awk 'length($0) != 64 || $0 !~ /^[0-9a-f]+$/ || $0 <= last { wrong = NR; exit } { last = $0 } END { if (wrong) print wrong }' >"$T/line"
    [ ! -s "$T/line" ] || { bad "$1" "line $(cat "$T/line") is malformed, not sorted or there twice"; return; }
    [ "$(wc -l <"$1" | tr -d ' ')" = "$2" ] || bad "$1" "has not the $2 lines that $4 states"
    [ "$(merkle_root <"$1")" = "$3" ] || bad "$1" "has not the root that $4 states"
}

# styles_sum FLAT: the sum of styles/*, 0 when a style is not of the manifest
styles_sum() {
    awk -F '\t' -v styles="$T/styles" 'BEGIN { while ((getline l < styles) > 0) { split(l, a, " "); known[a[1]] = 1 } }
        sub(/^styles\//, "", $1) { if (!($1 in known) || $2 !~ /^[0-9]+$/) unknown = 1; sum += $2 } END { printf "%.0f\n", unknown ? -1 : sum }' "$1"
}

# 6 The roll and the claims, as far as they are public (T7: never more ballots than claims, nor claims than the roll).
check_roll() {
    f=roll/roll.json
    signed $f.p7s 11 $f
    flatten $f "$T/roll" && {
        [ "$(field $f "$T/roll" election id)" = "$ID" ] || bad $f 'belongs to another election'
        [ "$(field $f "$T/roll" size count)" = "$ROLL_SIZE" ] || bad $f 'has not the size of the manifest'
        [ "$(field $f "$T/roll" root hash)" = "$ROLL_ROOT" ] || bad $f 'has not the root of the manifest'
        [ "$(styles_sum "$T/roll")" = "$ROLL_SIZE" ] || bad $f 'the styles do not add up to the size'
        while read -r style voters; do [ "$(field $f "$T/roll" "styles/$style" count)" = "$voters" ] || bad $f "style $style has not the size of the manifest"; done <"$T/styles"
    }
    commitments roll/commitments.txt "$ROLL_SIZE" "$ROLL_ROOT" manifest.json
    done_with roll "$ROLL_SIZE entries"
    CLAIMED=$ROLL_SIZE
    while read -r issuer; do
        f=claims/$issuer.json
        signed "$f.p7s" 12 "$f"
        flatten "$f" "$T/claims" || continue
        count=$(field "$f" "$T/claims" claims count)
        [ "$(field "$f" "$T/claims" election id)" = "$ID" ] || bad "$f" 'belongs to another election'
        [ "$(field "$f" "$T/claims" issuer id)" = "$issuer" ] || bad "$f" 'belongs to another issuer'
        [ "$(styles_sum "$T/claims")" = "$count" ] || bad "$f" 'the styles do not add up to the claims'
        [ "${count#\?}" ] && [ "$count" -gt "$ROLL_SIZE" ] && bad "$f" 'more claims than entries in the roll'
        while read -r style voters; do
            awk -F '\t' -v s="styles/$style" -v n="$voters" '$1 == s && $2 > n + 0 { exit 1 }' "$T/claims" || bad "$f" "more claims for style $style than entries in the roll"
        done <"$T/styles"
        sed -n "s|^styles/|$issuer |p" "$T/claims" | tr '\t' ' ' >>"$T/claims-by-style"
        [ "${count#\?}" ] && [ "$count" -lt "$CLAIMED" ] && CLAIMED=$count
        commitments "claims/$issuer.txt" "$count" "$(field "$f" "$T/claims" root hash)" "$f"
    done <"$T/issuers"
    sed -n 's|^claims/\(.*\)\.[a-z]*\(\.p7s\)*$|\1|p' "$T/files" | sed 's/\.json$//' | sort -u | while read -r i; do
        grep -qx -- "$i" "$T/issuers" || bad "claims/$i.json" 'is not by an issuer of the manifest'
    done
    done_with claims "$CLAIMED"
}

# 7 Epochs: numbered without gaps, sorted, stamped in order by the TSA of the manifest; each ballot in exactly one.
check_epochs() {
    sed -n 's|^epochs/\(.*\)\.sha256$|\1|p' "$T/files" | sort -n >"$T/epochs"
    sed -n 's|^epochs/\(.*\)\.tsr$|\1|p' "$T/files" | sort -n | cmp -s - "$T/epochs" || bad epochs 'lists and time stamps do not go together'
    n=0 last=$(wc -l <"$T/epochs") earlier=$(compact "$OPENS")
    : >"$T/leaves"
    while read -r i; do
        n=$((n + 1)); f=epochs/$i
        [ "$i" = "$(printf %04d $n)" ] || bad "$f.sha256" 'breaks the numbering of the epochs'
        tr -c '\n -~' '?' <"$f.sha256" | awk -v f="$f.sha256" '
            { leaf = substr($0, 1, 64)
              if (length($0) != 145 || leaf !~ /^[0-9a-f]+$/ || $0 != leaf "  ballots/" substr(leaf, 1, 2) "/" leaf ".p7m") exit 1
              if (leaf <= last) exit 1
              print leaf; last = leaf }' >"$T/epoch" || bad "$f.sha256" "line $(($(wc -l <"$T/epoch") + 1)) is malformed or not sorted"
        cat "$T/epoch" >>"$T/leaves"
        [ "$(wc -l <"$f.sha256")" -ge "$MIN_BALLOTS" ] || [ "$n" -ge "$last" ] || bad "$f.sha256" "has fewer than $MIN_BALLOTS ballots"
        stamped "$f.sha256" "$f.tsr"
        [ "${STAMP_DER:-}" = "$(hex "$T/tsa.der")" ] || bad "$f.tsr" 'is not by the TSA of the manifest'
        if [ -n "$STAMP_TIME" ]; then
            [ "$STAMP_TIME" -lt "$earlier" ] && bad "$f.tsr" 'is older than the epoch before it, or than the opening'
            [ "$STAMP_TIME" -gt "$(compact "$UNTIL")" ] && bad "$f.tsr" 'is later than final_epoch_until: these ballots do not count'
            earlier=$STAMP_TIME
        fi
    done <"$T/epochs"
    [ "$n" -gt 0 ] || bad epochs 'there is no epoch'
    # Each ballot file in exactly one epoch, under the name of its own hash.
    CAST=$(wc -l <"$T/leaves" | tr -d ' ')
    sort -u "$T/leaves" >"$T/sorted-leaves"
    sort "$T/leaves" | uniq -d | while read -r l; do bad "ballots/$(echo "$l" | cut -c1-2)/$l.p7m" 'is in more than one epoch'; done
    awk '$2 ~ /^ballots\// { leaf = substr($2, 12, 64); if ($1 != leaf) print $2, "is named by a hash that is not its own"; else print leaf > here }' \
        here="$T/unsorted-here" "$T/hashes" >"$T/lines"
    : >>"$T/unsorted-here"; sort "$T/unsorted-here" >"$T/here"
    comm -13 "$T/here" "$T/sorted-leaves" | awk '{ print "ballots/" substr($1, 1, 2) "/" $1 ".p7m", "is listed in an epoch, and missing or altered" }' >>"$T/lines"
    comm -23 "$T/here" "$T/sorted-leaves" | awk '{ print "ballots/" substr($1, 1, 2) "/" $1 ".p7m", "is in no epoch" }' >>"$T/lines"
    while read -r f text; do bad "$f" "$text"; done <"$T/lines"
    comm -12 "$T/here" "$T/sorted-leaves" >"$T/to-check"
    done_with epochs "$n, $CAST ballots"
}

# 8 The log: the tree over all leaves in the order of the epochs; its signed root; its tiles.
check_log() {
    f=log/checkpoint
    ORIGIN=$(field manifest.json "$M" log/origin text)
    LOG_ROOT=$(merkle_root <"$T/leaves")
    # The verifier key: NAME+KEY_HASH+BASE64(01 || 32 octets), with KEY_HASH = SHA-256(NAME || 0a || 01 || key)[:4]
    field manifest.json "$M" log/key text | sed -n 's/^\([!-*,-~]*\)+\([0-9a-f]*\)+\([A-Za-z0-9+\/=]*\)$/\1 \2 \3/p' >"$T/line"
    read -r name key_hash key <"$T/line"
    key=$(printf '%s' "$key" | openssl base64 -d -A | hex)
    [ "$name" = "$ORIGIN" ] && [ ${#key} -eq 66 ] &&
        [ "$key_hash" = "$({ printf '%s\n' "$name" && unhex "$key"; } | openssl dgst -sha256 -r | cut -c1-8)" ] ||
        bad manifest.json 'the key of the log is malformed or not its own'
    unhex "302a300506032b6570032100${key#01}" | openssl pkey -pubin -inform DER -out "$T/log.pem" 2>/dev/null
    [ -f $f ] || { done_with log 0; return; }
    # origin, size, root, an empty line, then signatures: "— NAME BASE64(KEY_HASH || 64 octets)"
    printf '%s\n%s\n%s\n' "$ORIGIN" "$CAST" "$(unhex "$LOG_ROOT" | openssl base64 -A)" >"$T/note"
    sed -n '1,3p' $f | cmp -s - "$T/note" || bad $f "does not state this log, its $CAST leaves and the root $LOG_ROOT"
    [ -z "$(sed -n 4p $f)" ] && [ -z "$(sed '1,4d' $f | grep -v '^— [!-~][!-~]* [A-Za-z0-9+/=]*$')" ] || bad $f 'is not a signed note'
    awk -v name="$name" 'NR > 4 && $2 == name { print $3; exit }' $f | openssl base64 -d -A | hex >"$T/line"
    read -r signature <"$T/line"
    unhex "${signature#"$key_hash"}" >"$T/signature"
    [ ${#signature} -eq 136 ] && [ "${signature#"$key_hash"}" != "$signature" ] && sed -n '1,3p' $f >"$T/note" &&
        openssl pkeyutl -verify -rawin -pubin -inkey "$T/log.pem" -in "$T/note" -sigfile "$T/signature" >/dev/null 2>&1 ||
        bad $f 'is not signed by the log of the manifest'
    check_tiles
    done_with log "$CAST leaves"
}

# C2SP tlog-tiles: log/tile/LEVEL/INDEX[.p/WIDTH], the hashes of whole subtrees; log/tile/entries: the leaves with lengths.
check_tiles() {
    : >"$T/tiles"
    level=0 width=$CAST
    while [ "$width" -gt 0 ]; do
        for kind in $level $([ $level -gt 0 ] || echo entries); do
            if [ "$kind" = entries ]; then sed 's/^/0020/' "$T/leaves"; else sed "${width}q" "$T/merkle/$((8 * level))"; fi | awk -v kind="$kind" -v all="$width" '
                function flush(  i, p) {
                    i = int((NR - 1) / 256); p = sprintf("%03d", i % 1000)
                    for (i = int(i / 1000); i > 0; i = int(i / 1000)) p = sprintf("x%03d/", i % 1000) p
                    print "log/tile/" kind "/" p (NR % 256 ? ".p/" NR % 256 : ""), tile; tile = ""
                }
                { tile = tile $1 } NR % 256 == 0 { flush() } END { if (NR % 256) flush() }' >>"$T/tiles"
        done
        level=$((level + 1)) width=$((width / 256))
    done
    sort "$T/tiles" >"$T/want"
    grep '^log/tile/' "$T/files" | while read -r f; do printf '%s %s\n' "$f" "$(hex "$f")"; done | sort >"$T/have"
    awk 'NR == FNR { want[$1] = $2; next } { have[$1] = 1 }
         !($1 in want) { print $1, "a log of this size has no such tile"; next }
         want[$1] != $2 { print $1, "does not agree with the leaves" }
         END { for (p in want) if (!(p in have)) print p, "is missing" }' "$T/want" "$T/have" >"$T/lines"
    while read -r f text; do bad "$f" "$text"; done <"$T/lines"
}

# 9 The trustees: rehearsals, what they signed before the release, their shares; and the election's private key.
check_trustees() {
    p256=3059301306072a8648ce3d020106082a8648ce3d030107034200
    [ "$(openssl dgst -sha256 -r trustees/transcript.json | cut -c1-64)" = "$(field manifest.json "$M" trustees/transcript hash)" ] ||
        bad trustees/transcript.json 'is not the transcript of the manifest'
    i=0 shares=0
    : >"$T/trustees"
    while [ "$i" -lt "$TRUSTEES" ]; do
        n=$(field manifest.json "$M" trustees/members/$i/index count) point=$(field manifest.json "$M" trustees/members/$i/share_point point)
        owner=$(field manifest.json "$M" trustees/members/$i/certificate hash)
        printf '%s %s\n' "$n" "$owner" >>"$T/trustees"
        f=trustees/rehearsal-$n.csr
        # openssl req ends with 0 after a bad signature too: its words are what counts
        openssl req -verify -inform DER -in "$f" -noout 2>&1 | grep -q 'verify OK$' || bad "$f" 'is missing or not signed by its own key'
        openssl req -inform DER -in "$f" -noout -pubkey -outform DER 2>/dev/null | openssl pkey -pubin -outform DER 2>/dev/null | hex >"$T/line"
        [ "$(cat "$T/line")" = "$p256$point" ] || bad "$f" 'is not by the share of this trustee'
        f=trustees/checkpoint-$n.p7m
        if [ -f "$f" ]; then
            signed "$f" 13
            cmp -s "$T/content" log/checkpoint || bad "$f" 'is not over log/checkpoint'
            [ "$(unhex "$SIGNER_DER" | openssl dgst -sha256 -r | cut -c1-64)" = "$owner" ] || bad "$f" "is not by trustee $n"
        fi
        f=trustees/share-$n.pem
        if [ -f "$f" ]; then
            shares=$((shares + 1))
            private_key "$f" "$p256$point" "the share of trustee $n"
            [ -f "trustees/checkpoint-$n.p7m" ] || bad "trustees/checkpoint-$n.p7m" 'is missing: a share was released without it'
        fi
        i=$((i + 1))
    done
    [ "$shares" -ge "$THRESHOLD" ] || bad trustees "has $shares shares of members, fewer than the threshold $THRESHOLD"
    grep '^trustees/' "$T/files" | sed -n 's/^trustees\/[a-z]*-\([0-9]*\)\..*/\1 &/p' | awk 'NR == FNR { member[$1]; next } !($1 in member) { print $2 }' "$T/trustees" - >"$T/lines"
    while read -r f; do bad "$f" 'belongs to no trustee of the manifest'; done <"$T/lines"
    grep '^trustees/ceremony/' "$T/files" >"$T/ceremony"
    while read -r f; do
        signed "$f" 13
        grep -q " $(unhex "$SIGNER_DER" | openssl dgst -sha256 -r | cut -c1-64)\$" "$T/trustees" || bad "$f" 'is not by a trustee of the manifest'
    done <"$T/ceremony"
    done_with trustees "$TRUSTEES, $shares shares"
    private_key election-key.pem "$ELECTION_SPKI" 'the key of the election certificate' && openssl pkey -in election-key.pem -passin pass: -out "$T/key.pem" 2>/dev/null
    done_with 'election key' "$ID"
}

# private_key FILE SPKI NAME: a private key whose public half was computed (-check), not only claimed
private_key() {
    openssl pkey -in "$1" -passin pass: -noout -check 2>/dev/null </dev/null | grep -qx 'Key is valid' &&
        [ "$(openssl pkey -in "$1" -passin pass: -pubout -outform DER 2>/dev/null | hex)" = "$2" ] || { bad "$1" "is not $3"; return 1; }
}

# 10 The ballots, a few hundred at a time (the list $1, the folder $2): structure, certificate, signature, tokens, opening,
# judgement. Leaves "LEAF STYLE SPKI_HASH POINT valid|blank|invalid CONTEST=CHOICE,CHOICE ..." in $1.votes.
check_chunk() {
    rm -rf "$2" && mkdir -p "$2/spki" "$2/tokens" "$2/plain" && : >"$2/bad"
    sed 's|^\(..\).*|ballots/\1/&.p7m|' "$1" >"$2/paths"
    xargs wc -c <"$2/paths" | awk '$2 != "total"' >"$2/sizes"
    xargs cat <"$2/paths" | od -An -v -tx1 | awk -v sizes="$2/sizes" -v findings="$2/bad" -v id="$ID" -v arc="$ARC" -v RECIPIENT="$RECIPIENT" \
        -v ballot_ca="$BALLOT_CA_NAME" -v from="$(compact "$OPENS")" -v until="$(compact "$CLOSES")" -v at="$(compact "$VERIFY_AT")" \
        -v revoked="$T/revoked" -v keys="$T/keys" -v issuers="$T/issuers" "$DER"'
        BEGIN {
            while ((getline line < revoked) > 0) { split(line, a, " "); if (a[3] <= at) gone[a[1] " " a[2]] }
            while ((getline line < keys) > 0) { split(line, a, " "); ISSUER[a[3]] = a[1]; STYLE[a[3]] = a[2]; KEY[a[3]] = a[4] }
            while ((getline line < issuers) > 0) WANTED[++wanted] = line
            TOKEN = oid(arc ".2.1")
            next_file()
        }
        function next_file() { if ((getline line < sizes) > 0) { split(line, a, " "); need = 2 * a[1]; path = a[2] } else need = 0 }
        { gsub(/ /, ""); data = data $0
          while (need > 0 && length(data) >= need) { ballot(substr(data, 1, need)); data = substr(data, need + 1); next_file() } }
        function ballot(h,  id_of, names, style, out, n, v, key, w) {
            start(h); signed_data("envelope")
            if (ATTR != 3 || !("2a864886f70d010903" in A) || !("2a864886f70d010904" in A) || !("2a864886f70d010910022f" in A))
                fail("the signed attributes are not contentType, messageDigest and signingCertificateV2 alone")
            if (S["digest"] != "300b0609608648016503040201" || S["algorithm"] != "300a06082a8648ce3d040302") fail("not ECDSA with SHA-256")
            if (C["spki"] !~ /^3059301306072a8648ce3d020106082a8648ce3d03010703420004/) fail("the key is not on P-256")
            if (C["issuer"] != ballot_ca) fail("the certificate is not from the Ballot CA")
            if (C["from"] != from || C["until"] != until) fail("the certificate is not valid for exactly the voting window")
            if ((C["issuer"] " " C["serial"]) in gone) fail("the certificate was revoked by then")
            if (!(TOKEN in X)) fail("the certificate carries no token")
            if ((w = why) == "") {
                for (start(C["subject"]) enter("30"); more(); leave()) {
                    enter("31"); enter("30"); id_of = take("06"); v = take("0c"); leave(); names = names " " id_of
                    if (id_of == "55040b" && v != hexof(id)) fail("the certificate belongs to another election")
                }
                if (names != " 55040a 55040b 550403") fail("the subject is not O, OU, CN")
                w = why
            }
            if (w == "") {
                for (start(X[TOKEN]) enter("30"); more(); leave()) {
                    enter("30"); is("02", "01", "the token is not of version 1"); key = take("04"); n++
                    if (!(key in KEY)) fail("the token is by a key that is not in the manifest")
                    else if (ISSUER[key] != WANTED[n]) fail("the token " n " is not by the issuer whose turn it is")
                    else if (n > 1 && STYLE[key] != style) fail("the tokens are of several styles")
                    style = STYLE[key]; v = take("04")
                    if (length(v) != 64) fail("the prefix of the token has not 32 octets")
                    out = out " " KEY[key] " " v " " take("04")
                }
                if (n != wanted) fail("a token of an issuer is missing or one is too many")
                w = why
            }
            if (w != "") print path, w > findings
            else print substr(path, 12, 64), style, C["spki"], B["point"] out
        }' >"$2/facts"
    while read -r f text; do bad "$f" "$text"; done <"$2/bad"
    : >"$1.votes"
    [ -s "$2/facts" ] || return
    # the SHA-256 of each key, then the messages under the tokens: prefix || DER { "ballot-token-v1", election id, hash }
    (
        cd "$2/spki" || exit
        awk "$HEX"'{ print unpack($3, NR) }' ../facts >../script && . ../script
        awk '{ print NR }' ../facts | xargs openssl dgst -sha256 -r 2>/dev/null | cut -c1-64 | paste -d ' ' ../facts - >../facts2
        cd ../tokens || exit
        awk -v id="$ID" "$HEX"'{
            message = wrap("30", wrap("0c", hexof("ballot-token-v1")) wrap("0c", hexof(id)) wrap("04", $NF))
            for (i = 5; i + 2 < NF; i += 3) { print unpack($(i + 1) message, $1 "." $i ".message"); print unpack($(i + 2), $1 "." $i ".signature") }
        }' ../facts2 >../script && . ../script
    )
    awk '{ printf "%s %s %s %s", $1, $2, $NF, $4; for (i = 5; i + 2 < NF; i += 3) printf " %s", $i; print "" }' "$2/facts2" >"$2/list"
    : >"$2/good"
    while read -r leaf style spki point keys; do
        f=ballots/${leaf%"${leaf#??}"}/$leaf.p7m holds=yes
        openssl cms -verify -cades -inform DER -in "$f" -binary -CAfile "$T/ballot-chain.pem" -no-CApath -no-CAstore -attime "$AT" \
            -policy "$ARC.1.6" -explicit_policy -out "$2/envelope" 2>/dev/null >&2 </dev/null ||
            { bad "$f" 'the signature or the certificate does not verify at the time of the election in the role of a ballot'; holds=; }
        for key in $keys; do
            openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -verify "$T/key.$key.pem" \
                -signature "$2/tokens/$leaf.$key.signature" "$2/tokens/$leaf.$key.message" >/dev/null 2>&1 ||
                { bad "$f" "the token by $(awk -v k="$key" '$4 == k { print $1 }' "$T/keys") does not verify: nobody entitled this ballot"; holds=; }
        done
        printf . >>"$2.done"
        [ "$holds" ] || continue
        printf '%s %s %s %s\n' "$leaf" "$style" "$spki" "$point" >>"$2/good"
        # some versions leave altered text behind when the tag is wrong
        openssl cms -decrypt -inform DER -in "$2/envelope" -inkey "$T/key.pem" -binary -out "$2/plain/$leaf" 2>/dev/null </dev/null || rm -f "$2/plain/$leaf"
    done <"$2/list"
    find "$2/plain" -type f ! -size "${PLAINTEXT_SIZE}c" -exec rm -f {} +
    awk -v plain="$2/plain/" -v rules="$M" -v size="$PLAINTEXT_SIZE" -v id="$ID" -v manifest="$MANIFEST_HASH" "$JSON"'
        function emit(path, v) { V[path] = v; values++ }
        BEGIN {
            FS = "\t"
            while ((getline < rules) > 0) R[$1] = $2
            FS = " "
            for (i = 0; i < R["contests/#"]; i++) {
                c = substr(R["contests/" i "/id"], 2); n = R["contests/" i "/candidates/#"]
                for (j = 0; j < n; j++) KNOWN[c, R["contests/" i "/candidates/" j "/id"]]
                m = R["contests/" i "/rules/method"]
                MOST[c] = m == "\"plurality" ? 1 : m == "\"n-of-m" ? R["contests/" i "/rules/seats"] : n
                if (("contests/" i "/rules/max_choices") in R) MOST[c] = R["contests/" i "/rules/max_choices"]
            }
            for (i = 0; i < R["styles/#"]; i++) {
                s = substr(R["styles/" i "/id"], 2); COUNT[s] = R["styles/" i "/contests/#"]
                for (j = 0; j < COUNT[s]; j++) ORDER[s, j] = R["styles/" i "/contests/" j]
            }
        }
        function judge(leaf, style, spki,  line, more, i, j, k, c, seen, used) {
            votes = ""
            if ((getline line < (plain leaf)) < 1) return "invalid"
            more = getline used < (plain leaf); close(plain leaf)
            if (more > 0 || length(line) != size) return "invalid"
            split("", V); values = 0; json(line)
            if (wrong != "" || V["ballot"] != "\"" spki || V["election"] != "\"" id || V["manifest"] != "\"" manifest || V["style"] != "\"" style) return "invalid"
            if (V["pad"] !~ /^"0*$/ || V["contests/#"] != COUNT[style]) return "invalid"
            values -= 6; used = 0
            for (i = 0; i < COUNT[style]; i++) {
                if (V["contests/" i "/id"] != ORDER[style, i]) return "invalid"
                c = substr(ORDER[style, i], 2); k = V["contests/" i "/choices/#"]; values -= 2 + k; used += k
                if (k == "" || k > MOST[c] + 0) return "invalid"
                votes = votes " " c "="; split("", seen)
                for (j = 0; j < k; j++) {
                    line = V["contests/" i "/choices/" j]
                    if (!((c, line) in KNOWN) || line in seen) return "invalid"
                    seen[line]; votes = votes (j ? "," : "") substr(line, 2)
                }
            }
            return values != 0 ? "invalid" : used ? "valid" : "blank"
        }
        { verdict = judge($1, $2, $3); print $0, verdict (verdict == "invalid" ? "" : votes) }' "$2/good" >"$1.votes"
}

check_ballots() {
    total=$(wc -l <"$T/to-check" | tr -d ' ')
    if [ -f "$T/key.pem" ]; then :; else bad election-key.pem 'no ballot can be opened'; fi
    split -l 200 -a 4 "$T/to-check" "$T/work/chunk." 2>/dev/null
    w=0 WORKERS=''
    while [ $w -lt "$JOBS" ]; do
        (
            trap - EXIT
            n=0
            for chunk in "$T"/work/chunk.????; do
                [ -f "$chunk" ] && [ $((n % JOBS)) -eq $w ] && check_chunk "$chunk" "$T/work/w$w"
                n=$((n + 1))
            done
        ) &
        WORKERS="$WORKERS $!" w=$((w + 1))
    done
    if [ -t 2 ] && [ -z "$QUIET" ]; then
        ( trap - EXIT; while sleep 1; do printf '\rballots: %s of %s ' "$(cat "$T"/work/w*.done 2>/dev/null | wc -c | tr -d ' ')" "$total" >&2; done ) &
        progress=$!
    fi
    for pid in $WORKERS; do wait "$pid" || bad ballots 'a process that checked ballots ended early'; done
    WORKERS=''
    [ -z "${progress:-}" ] || { kill "$progress"; wait "$progress"; printf '\r%40s\r' '' >&2; } 2>/dev/null
    cat "$T"/work/chunk.????.votes 2>/dev/null | sort >"$T/votes"
    awk '$3 in first { print $1, first[$3]; next } { first[$3] = $1 }' "$T/votes" >"$T/lines"
    while read -r leaf other; do bad "ballots/$(echo "$leaf" | cut -c1-2)/$leaf.p7m" "is by the same key as $other: one ballot per certificate"; done <"$T/lines"
    done_with ballots "$total signatures, with their tokens"
}

# 11 The count as far as first preferences go, and the books: everything in results.json that can be seen from here.
check_results() {
    f=results/results.json
    signed $f.p7s 11 $f
    flatten $f "$T/results" || { done_with results 0; return; }
    # T13: of ballots with one ephemeral key only the one with the smallest leaf counts
    awk '{ if ($4 in seen) { print $1, $2, $3, $4, "invalid" } else print; seen[$4] = 1 }' "$T/votes" >"$T/judged"
    awk -F '\t' -v rules="$M" -v votes="$T/judged" -v claims="$T/claims-by-style" -v id="$ID" -v manifest="$MANIFEST_HASH" -v root="$LOG_ROOT" -v cast="$CAST" \
        -v claimed="$CLAIMED" -v roll="$ROLL_SIZE" -v summary="$T/summary" -v epochs="$(wc -l <"$T/epochs" | tr -d ' ')" '
        function bare(v) { sub(/^"/, "", v); return v == "" ? "nothing" : v }
        function expect(path, v) { if (R[path] != v) print path " says " bare(R[path]) ", the package itself " bare(v) }
        BEGIN {
            while ((getline < rules) > 0) M[$1] = $2
            while ((getline line < votes) > 0) {
                n = split(line, a, " "); TOTAL[a[5]]++; STYLE[a[2]]++
                if (a[5] == "invalid") { INVALID[a[1]]; continue }
                for (i = 6; i <= n; i++) {
                    c = substr(a[i], 1, index(a[i], "=") - 1); k = split(substr(a[i], length(c) + 2), b, ",")
                    if (k) GOOD[c]++; else EMPTY[c]++
                    if (METHOD(c) !~ /approval|n-of-m/ && k > 1) k = 1
                    for (j = 1; j <= k; j++) VOTES[c, b[j]]++
                }
            }
            while ((getline line < claims) > 0) { split(line, a, " "); if (STYLE[a[2]] + 0 > a[3] + 0) print "more ballots of style " a[2] " than claims by " a[1] }
        }
        function METHOD(c,  i) {
            if (!(c in OF)) for (i = 0; i < M["contests/#"]; i++) OF[substr(M["contests/" i "/id"], 2)] = M["contests/" i "/rules/method"]
            return OF[c]
        }
        { R[$1] = $2 }
        sub(/^cast_by_style\//, "", $1) { by_style += $2; if ($1 != "other" && STYLE[$1] + 0 != $2) print "cast_by_style/" $1 " says " $2 ", the package itself " STYLE[$1] + 0 }
        END {
            expect("election", "\"" id); expect("manifest", "\"" manifest); expect("log/root", "\"" root); expect("log/size", cast); expect("version", 1)
            expect("totals/cast", cast); expect("totals/valid", TOTAL["valid"] + 0); expect("totals/blank", TOTAL["blank"] + 0)
            expect("totals/invalid", TOTAL["invalid"] + 0); expect("totals/claimed", claimed); expect("totals/roll", roll)
            if (by_style != cast) print "cast_by_style adds up to " by_style + 0 ", not to " cast
            redeemed = R["totals/redeemed"]
            if (redeemed !~ /^[0-9]+$/ || redeemed < cast + 0 || redeemed > claimed + 0) print "totals/redeemed is not between cast and claimed"
            for (i = 0; i < R["invalid/#"]; i++) {
                leaf = substr(R["invalid/" i "/leaf"], 2)
                if (!(leaf in INVALID)) print "calls the ballot " leaf " invalid, which it is not"
                delete INVALID[leaf]
            }
            for (leaf in INVALID) print "does not call the ballot " leaf " invalid, which it is"
            if (R["contests/#"] != M["contests/#"]) print "has not the contests of the manifest"
            printf "%-10s %9s  %9s  %9s  %9s  %9s  %9s  %9s\n", "epochs", "roll", "claimed", "redeemed", "cast", "valid", "blank", "invalid" > summary
            printf "%-10d %9s  %9s  %9s  %9s  %9d  %9d  %9d\n", epochs, roll, claimed, redeemed, cast, TOTAL["valid"], TOTAL["blank"], TOTAL["invalid"] > summary
            for (i = 0; i < M["contests/#"]; i++) {
                c = substr(M["contests/" i "/id"], 2); p = "contests/" i "/result/"; expect("contests/" i "/id", "\"" c)
                expect(p "valid", GOOD[c] + 0); expect(p "blank", EMPTY[c] + 0)
                print "" > summary; print "contest " c " (" substr(METHOD(c), 2) "): " (METHOD(c) ~ /approval|n-of-m/ ? "votes" : "first preferences") > summary
                split("", KNOWN); split("", WON)
                for (j = 0; j < M["contests/" i "/candidates/#"]; j++) KNOWN[substr(M["contests/" i "/candidates/" j "/id"], 2)] = 1
                for (j = 0; j < R[p "winners/#"]; j++) {
                    w = substr(R[p "winners/" j], 2)
                    if (!(w in KNOWN) || w in WON) print p "winners names " w ", no candidate, or twice"
                    WON[w] = 1
                }
                if (R[p "winners/#"] + 0 > M["contests/" i "/rules/seats"] + 0) print p "winners has more names than seats"
                for (j = 0; j < M["contests/" i "/candidates/#"]; j++) {
                    k = substr(M["contests/" i "/candidates/" j "/id"], 2)
                    if (GOOD[c]) expect(p "rounds/0/tallies/" k, "\"" VOTES[c, k] + 0)
                    printf "%9d  %-12s %s%s\n", VOTES[c, k], k, substr(M["contests/" i "/candidates/" j "/name"], 2), (k in WON ? "  (elected)" : "") > summary
                }
            }
        }' "$T/results" >"$T/lines"
    while read -r line; do bad $f "$line"; done <"$T/lines"
    while read -r c; do grep -qx "results/$c\\.blt" "$T/files" || bad "results/$c.blt" 'is missing'; done <"$T/contests"
    sed -n 's|^results/\(.*\)\.blt$|\1|p' "$T/files" | while read -r c; do grep -qx -- "$c" "$T/contests" || bad "results/$c.blt" 'is of no contest of the manifest'; done
    done_with results "$CAST ballots recounted"
}

finish() {
    count=$(wc -l <"$T/findings" | tr -d ' ')
    if [ -z "$QUIET" ]; then
        printf '\n%s\n\n' "Election $ID, seen through openssl:"
        [ ! -f "$T/summary" ] || cat "$T/summary"
        cat <<'END'

What this script cannot see: who is on the roll (auditors hold the names), the later rounds of a transferable or instant
run-off count, and whether results.csv and rounds.txt tell the same as results.json. For the rounds: uvaudit, or any
counting program with results/CONTEST.blt.
END
        [ -n "$WANTED" ] || cat <<END

No fingerprint was given. All of the above holds only if this is the root that the authority published elsewhere; compare:
  $FINGERPRINT
END
        echo
    fi
    if [ "$count" -gt 0 ]; then
        printf 'BAD  %s: %s finding(s)\n' "$ID" "$count"
        exit 1
    fi
    printf 'GOOD %s\n' "$ID"
    exit 0
}

main() {
    PACKAGE='' JOBS=1 QUIET='' WANTED=''
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help) usage; exit 0 ;;
        -q) QUIET=yes ;;
        -d) [ $# -gt 1 ] || give_up '-d needs a folder'; PACKAGE=$2; shift ;;
        -j) [ $# -gt 1 ] || give_up '-j needs a number'; JOBS=$2; shift ;;
        -j*) JOBS=${1#-j} ;;
        -*) give_up "unknown option $1; try --help" ;;
        *) [ -z "$WANTED" ] || give_up 'more than one fingerprint'; WANTED=$1 ;;
        esac
        shift
    done
    case $JOBS in '' | *[!0-9]* | 0* | ????*) give_up '-j needs a number from 1 to 999' ;; esac
    WANTED=$(printf '%s' "$WANTED" | tr 'A-F' 'a-f' | tr -d ': ')
    case $WANTED in *[!0-9a-f]*) give_up 'the fingerprint is not hexadecimal' ;; esac
    [ -z "$WANTED" ] || [ ${#WANTED} -eq 64 ] || give_up 'a SHA-256 fingerprint has 64 hexadecimal digits'
    [ -n "$PACKAGE" ] || case $0 in */*) PACKAGE=${0%/*}/ ;; *) PACKAGE=. ;; esac
    isolate
    case $PACKAGE in /*) ;; *) PACKAGE=./$PACKAGE ;; esac
    cd -P "$PACKAGE" 2>/dev/null || give_up "cannot open the folder $PACKAGE"
    [ -f manifest.json ] && [ -f root.pem ] && [ -r manifest.json ] || give_up "$PACKAGE is no election package (manifest.json or root.pem is missing)"

    check_layout
    read_manifest
    check_chain
    check_crls
    check_manifest
    check_evidence
    check_roll
    check_epochs
    check_log
    check_trustees
    check_ballots
    check_results
    finish
}

main "$@"
