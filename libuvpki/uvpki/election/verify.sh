#!/bin/sh
# verify.sh: checks an election package with the openssl command (3.0 or later), a POSIX shell and POSIX utilities.
#
# How to read it. First come two small readers in awk, one for DER (over hexadecimal text) and one for JSON; both are
# strict and refuse what they do not know. Then one function per step, in the order in which trust grows: the root's
# fingerprint, which you bring, vouches for the certificates; they vouch for the signed documents; those say what every
# other file must be. `main` at the end names the steps. Each finding is one line, "BAD  file: what is wrong".
#
# Every signature, hash and decryption is the work of openssl; awk looks at structure and compares. Of this machine only
# the programs count: not its clock, its trust stores, its configuration or its language. Nothing in the package is
# executed, and no file name or value goes into a command before its form was checked.
#
# The format is described in docs/formats/package.md of the U-Vote PKI project. The same file serves every election:
# take it from a place you trust rather than from the package that it judges.

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
    "OpenSSL "[0-2].*) give_up "needs OpenSSL 3.0 or later to open ballots; this is $(openssl version)" ;;
    "OpenSSL "*) ;;
    *) give_up 'needs the openssl command, version 3.0 or later, of the OpenSSL project' ;;
    esac
    # in memory where there is a gigabyte of it to spare: many small files come and go
    if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
        df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $4 > 1048576 { found = 1 } END { exit !found }' && TMPDIR=/dev/shm
    fi
    T=${TMPDIR:-/tmp}/verify-election.$$.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
    case $T in /*) ;; *) T=$PWD/$T ;; esac
    # mkdir fails on whatever is there already, a link too: the folder is ours alone.
    mkdir "$T" || give_up "cannot make a temporary folder in ${TMPDIR:-/tmp}"
    trap 'clean_up' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP PIPE TERM
    mkdir "$T/ca" "$T/merkle" "$T/work" || give_up "cannot write into $T"
    : >"$T/new"
    : >"$T/findings"
}

clean_up() {
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "${WORKERS:-}" ] || kill $WORKERS 2>/dev/null
    rm -rf "$T"
}

# bad FILE SENTENCE; findings: the same for each line of stdin
findings() { while read -r file sentence; do bad "$file" "$sentence"; done; }
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

# Without what was just checked nothing further can be judged.
stop_here() {
    done_with '' ''
    echo "BAD  the checks end here: $(lines "$T/findings") findings"
    exit 1
}

lines() { wc -l <"$1" | tr -d ' '; }
sha256() { openssl dgst -sha256 -r "$1" 2>/dev/null | cut -c1-64; }

# ---------------------------------------------------------------------------------------------------- the readers

# Hexadecimal text <-> bytes. od turns bytes into text; the way back are printf commands for the shell that awk writes.
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

# awk compares what looks like two numbers as numbers, hashes too; hence the "" behind values that are compared below.

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
function leave(what) {
    if (P != E) fail(what == "" ? "DER: more elements than the format has" : what)
    E = STACK[depth--]
}
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
    if (peek() == "18") t = text(take("18"))
    else { t = text(take("17", "expected a time")); t = (t < "5" ? "20" : "19") t }
    if (t !~ /^[0-9]+Z$/ || length(t) != 15) fail("a time is not in UTC to the second")
    return substr(t, 1, 14)
}
function extensions(  id) {
    split("", X); SHAPE = ""
    for (enter("30"); more(); leave()) {
        enter("30"); id = take("06"); SHAPE = SHAPE " " id
        if (peek() == "01") { is("01", "ff", "DER: a default value is written out"); SHAPE = SHAPE "!" }
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
    whole("30"); C["signature"] = take("03"); leave()
    C["der"] = substr(H, from, P - from)
}
# half the order of P-256: of the two values that both verify only the low one is ours
function is_high(s) {
    if (length(s) == 66) s = substr(s, 3)
    else while (length(s) < 64) s = "0" s
    return length(s) == 64 && s > "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"
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
            if (is_high(s)) fail("high s: a twin of a signature")
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
        enter("a0", "the content is missing"); enter("04")
        if (content == "envelope") envelope(); else P = E
        leave(); leave()
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
    enter("31"); enter("a1", "the recipient is not by key agreement")
    is("02", "03", "KeyAgreeRecipientInfo is not of version 3")
    enter("a0"); enter("a1", "the originator is not a bare key")
    enter("30"); is("06", "2a8648ce3d0201", "the ephemeral key is not for elliptic curves")
    leave("the ephemeral key has parameters"); B["point"] = take("03"); leave(); leave()
    if (B["point"] !~ /^0004/ || length(B["point"]) != 132)
        fail("the ephemeral point is not an uncompressed P-256 point")
    a = whole("30", "user keying material, or no key agreement algorithm")
    if (a != "301506062b8104010b01300b060960864801650304012d")
        fail("key agreement is not SHA-256 KDF with AES-256 wrap")
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

# A reader of canonical JSON (RFC 8785) with ASCII keys and whole numbers. Calls emit(PATH, VALUE) for every value: the
# path as contests/0/id, a string after a quotation mark and with its escapes, the length of an array as PATH/#.
JSON='
function json(t) {
    J = t; I = 1; wrong = ""; value("", 0)
    if (wrong == "" && I != length(J) + 1) wrong = "text after the end"
}
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

# field FILE FLAT PATH FORM: prints the value when it has this form (hash id count time base64 oid point text), else
# notes a finding and prints "?".
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
            if (form == "time")
                return length(v) == 20 && v ~ /^[0-9]+-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/
            return form == "text" && v != ""
        }
        $1 == path && fits($2) { sub(/^"/, "", $2); print $2; ok = 1; exit }
        END { if (!ok) { print "?"; exit 1 } }' "$2" || bad "$1" "member $3 is missing or has not the form of a $4"
}

# the indices of an array of the manifest
indices() { awk -v n="$(field manifest.json "$M" "$1/#" count)" 'BEGIN { for (i = 0; i < n + 0; i++) print i }'; }

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
    odd='*[!A-Za-z0-9._-]*'
    find . ! -name . -name "$odd" -prune | sed 's|^\./||' >"$T/odd"
    while read -r f; do bad "$f" 'has a name with characters that the format does not use'; done <"$T/odd"
    # From here on names hold no blank, newline or quotation mark.
    find . ! -name . -name "$odd" -prune -o -type f -print | sed 's|^\./||' | sort >"$T/files"
    find . ! -name . -name "$odd" -prune -o ! -type f ! -type d -print |
        sed 's|^\./||; s|$| is a link or a device; only files and folders belong here|' | findings
    find . ! -name . -name "$odd" -prune -o -type d -print | sed 's|^\./||' | awk '
        NR == FNR { for (p = $0; sub(/\/[^\/]*$/, "", p); ) used[p]; next }
        $0 != "." && !($0 in used) { print $0, "is an empty folder" }' "$T/files" - | findings
    {
        for f in README.txt verify.sh root.pem chain.pem manifest.json manifest.json.p7s roll/roll.json \
            roll/roll.json.p7s roll/commitments.txt log/checkpoint crl/root.pem crl/issuing-ca.pem crl/ballot-ca.pem \
            trustees/transcript.json election-key.pem results/results.json results/results.json.p7s \
            results/results.csv results/rounds.txt evidence/0001.sha256 evidence/0001.tsr; do echo "$f"; done
        echo --
        cat "$T/files"
    } | awk '
        $0 == "--" { listed = 1; next }
        !listed { missing[$0]; next }
        $0 in missing { delete missing[$0]; next }
        length($0) == 79 && /^ballots\/[0-9a-f][0-9a-f]\/[0-9a-f]+\.p7m$/ && substr($0, 9, 2) == substr($0, 12, 2) ||
        /^claims\/[a-z0-9-]+\.(json|json\.p7s|txt)$/ || /^crl\/registrar-ca-[a-z0-9-]+\.pem$/ ||
        /^(epochs|evidence)\/[0-9]+\.(sha256|tsr)$/ ||
        /^log\/tile\/([0-9]+|entries)\/(x[0-9]+\/)*[0-9]+(\.p\/[0-9]+)?$/ ||
        /^trustees\/(rehearsal-[0-9]+\.csr|checkpoint-[0-9]+\.p7m|share-[0-9]+\.pem)$/ ||
        /^trustees\/ceremony\/[A-Za-z0-9._-]+\.p7m$/ || /^results\/[a-z0-9-]+\.blt$/ { next }
        { print $0, "is no file of this format" }
        END { for (f in missing) print f, "is missing" }' | findings
    find ballots -type f -size +128 2>/dev/null | sed 's|$| is larger than 64 KiB|' | findings
    openssl x509 -in root.pem -outform DER -out "$T/root.der" 2>/dev/null ||
        { bad root.pem 'is not a certificate'; stop_here; }
    FINGERPRINT=$(sha256 "$T/root.der")
    [ "${WANTED:-$FINGERPRINT}" = "$FINGERPRINT" ] ||
        bad root.pem "is not the root you trust: its fingerprint is $FINGERPRINT"
    done_with layout "$(lines "$T/files") files"
}

# 2 Every file is on the list of evidence. A later list (a renewal) covers the earlier evidence as well.
check_hashes() {
    grep -v '^evidence/' "$T/files" | sed 's|^|./|' | xargs openssl dgst -sha256 -r | sed 's| \*\./|  |' >"$T/hashes"
    sed -n 's|^evidence/\(.*\)\.sha256$|\1|p' "$T/files" >"$T/lists"
    while read -r i; do
        sed -n '/^evidence\//p' "$T/files" | sed "/^evidence\/$i/,\$d" | xargs openssl dgst -sha256 -r /dev/null |
            sed 's/ \*/  /; /  \/dev\/null$/d' | cat "$T/hashes" - | sort -k 2 >"$T/want"
        list=evidence/$i.sha256
        cmp -s "$T/want" "$list" || tr -c '\n -~' '?' <"$list" | awk -v list="$list" '
            { hash = substr($0, 1, 64); path = substr($0, 67) }
            NR == FNR { want[path] = hash; next }
            hash !~ /^[0-9a-f]+$/ || substr($0, 65, 2) != "  " || path == "" {
                print list, "line " FNR " is malformed"; next
            }
            path <= last { print list, "line " FNR " is not in the order of the paths" }
            !(path in want) { print path, "is on the list " list " and not here"; print list, "names a file too many" }
            path in want && want[path] != hash { print path, "was altered: " list " has another hash" }
            { last = path; delete want[path] }
            END { for (path in want) { print path, "is not on the list " list; print list, "lacks a file" } }
            ' "$T/want" - | findings
    done <"$T/lists"
    done_with hashes "$(lines "$T/hashes") files"
}

# 3 The manifest's values: nothing is believed yet, but everything later needs their form to be right.
read_manifest() {
    M=$T/manifest f=manifest.json
    flatten $f "$M" || stop_here
    ID=$(field $f "$M" id id) ARC=$(field $f "$M" arc oid) ORIGIN=$(field $f "$M" log/origin text)
    OPENS=$(compact "$(field $f "$M" voting/opens time)") CLOSES=$(compact "$(field $f "$M" voting/closes time)")
    VERIFY_AT=$(compact "$(field $f "$M" verify_at time)") UNTIL=$(compact "$(field $f "$M" final_epoch_until time)")
    PLAINTEXT_SIZE=$(field $f "$M" plaintext_size count) MIN_BALLOTS=$(field $f "$M" epoch/min_ballots count)
    ROLL_SIZE=$(field $f "$M" roll/size count) ROLL_ROOT=$(field $f "$M" roll/root hash)
    THRESHOLD=$(field $f "$M" trustees/threshold count)
    for c in ballot_ca election_certificate tsa_certificate; do
        field $f "$M" $c base64 | openssl base64 -d -A >"$T/$c.der"
        openssl x509 -inform DER -in "$T/$c.der" -out "$T/$c.pem" 2>/dev/null || bad $f "$c is not a certificate"
    done
    # as plain lists: keys ISSUER STYLE KEY_ID NUMBER; issuers ID; styles ID VOTERS; contests ID
    for i in $(indices token_keys); do
        key_id=$(field $f "$M" "token_keys/$i/key_id" hash)
        echo "$(field $f "$M" "token_keys/$i/issuer" id) $(field $f "$M" "token_keys/$i/style" id) $key_id $i"
        field $f "$M" "token_keys/$i/spki" base64 | openssl base64 -d -A >"$T/key.$i.der"
        [ "$(sha256 "$T/key.$i.der")" = "$key_id" ] || bad $f "token key $i has another key_id"
        openssl pkey -pubin -inform DER -in "$T/key.$i.der" -out "$T/key.$i.pem" 2>/dev/null ||
            bad $f "token key $i is not a public key"
    done >"$T/keys"
    for i in $(indices token_issuers); do field $f "$M" "token_issuers/$i" id; done >"$T/issuers"
    for i in $(indices contests); do field $f "$M" "contests/$i/id" id; done >"$T/contests"
    for i in $(indices styles); do
        echo "$(field $f "$M" "styles/$i/id" id) $(field $f "$M" "styles/$i/voters" count)"
    done >"$T/styles"
    [ "$(field $f "$M" root hash)" = "$FINGERPRINT" ] || bad root.pem 'is not the root that manifest.json names'
    for list in issuers contests styles; do
        [ -z "$(cut -d' ' -f1 "$T/$list" | sort | uniq -d)" ] || bad $f "an id appears twice among the $list"
    done
    AT=$(seconds "$VERIFY_AT")
    [ "$AT" = $(($(seconds "$CLOSES") - 1)) ] || bad $f 'verify_at is not one second before voting closes'
    MANIFEST_HASH=$(sha256 manifest.json)
    [ ! -s "$T/new" ] || stop_here
}

# 4 Root and intermediates: who signed whom, in which role, and that nobody but the root stands alone.
check_chain() {
    awk -v t="$T/ca/" '
        /^-----BEGIN CERTIFICATE-----$/ && !inside { inside = 1; n++ }
        !inside || length($0) > 64 || !/^-----(BEGIN|END) CERTIFICATE-----$/ && !/^[A-Za-z0-9+\/=]+$/ { exit 1 }
        { print > (t n ".pem") }
        /^-----END/ { inside = 0; close(t n ".pem") }
        END { if (inside) exit 1 }' chain.pem 2>/dev/null || bad chain.pem 'is not a plain list of certificates'
    cmp -s root.pem "$T/ca/1.pem" || bad chain.pem 'does not begin with root.pem'
    [ -f "$T/ca/3.pem" ] || { bad chain.pem 'lacks the issuing CA or the Ballot CA'; stop_here; }
    cat "$T/ca/1.pem" "$T/ca/2.pem" >"$T/issuing-chain.pem"
    cat "$T/issuing-chain.pem" "$T/ca/3.pem" >"$T/ballot-chain.pem"
    n=0
    while [ -f "$T/ca/$((n + 1)).pem" ]; do
        n=$((n + 1)) issuing=$T/ca/2.pem
        [ $n -gt 2 ] || issuing=$T/ca/1.pem
        openssl verify -no-CApath -no-CAstore -attime "$AT" -check_ss_sig -CAfile "$T/ca/1.pem" -untrusted "$issuing" \
            "$T/ca/$n.pem" >/dev/null 2>&1 || bad chain.pem "certificate $n does not verify at the time of the election"
        openssl x509 -in "$T/ca/$n.pem" -outform DER -out "$T/ca/$n.der" 2>/dev/null && hex "$T/ca/$n.der" >>"$T/ca/hex"
    done
    [ $n -eq $(($(lines "$T/issuers") + 3)) ] || bad chain.pem 'has not one registrar CA for each token issuer'
    cmp -s "$T/ca/3.der" "$T/ballot_ca.der" || bad chain.pem 'holds another Ballot CA than the manifest'
    # Names, roles and path lengths; a CA under the issuing CA carries its own leaves' policies only.
    awk -v arc="$ARC" -v subjects="$T/ca/subjects" "$DER"'
        function policies(v,  s) {
            for (start(v) enter("30"); more(); leave()) { enter("30"); s = s " " take("06"); P = E }
            return s
        }
        function wrong_in(n,  p) {
            if (why != "") return why
            if (P != length($0) + 1) return "has trailing bytes"
            if (X["551d13"] !~ /^30(03|06)0101ff/) return "is not a CA"
            if (C["subject"] in seen) return "has the name of another certificate"
            if (C["issuer"] != name[n == 1 ? 1 : n == 2 ? 1 : 2]) return "is not issued by the CA above it"
            if (n > 1 && X["551d13"] !~ (n == 2 ? "020101$" : "020100$")) return "has not the path length of its role"
            p = n > 2 ? policies(X["551d20"]) : ""
            if (n == 3 && p != " " oid(arc ".1.6")) return "carries other policies than that of ballots"
            if (n > 3 && p != " " oid(arc ".1.5") && p != " " oid(arc ".1.5") " " oid(arc ".1.8"))
                return "carries other policies than those of voters"
        }
        {
            start($0); certificate(); name[NR] = C["subject"]; print C["subject"], C["issuer"], C["serial"] > subjects
            if ((w = wrong_in(NR)) != "") print "chain.pem certificate " NR " " w
            seen[C["subject"]]
        }' "$T/ca/hex" | findings
    ISSUING_NAME=$(sed -n '2s/ .*//p' "$T/ca/subjects") BALLOT_CA_NAME=$(sed -n '3s/ .*//p' "$T/ca/subjects")
    done_with chain "$n certificates"
}

# 5 Each CA's list of the day the election closed. openssl does not compare revocation dates, so $T/revoked takes them
# up: issuer, serial, and from when on signatures do not count.
check_crls() {
    : >"$T/revoked"
    { printf '%s\n' root issuing-ca ballot-ca; sed 's/^/registrar-ca-/' "$T/issuers"; } >"$T/crls"
    sed -n 's|^crl/\(.*\)\.pem$|\1|p' "$T/files" | grep -vxF -f "$T/crls" |
        sed 's|.*|crl/&.pem is of no CA of this election|' | findings
    n=0
    while read -r ca; do
        f=crl/$ca.pem n=$((n + 1))
        openssl crl -in "$f" -outform DER -out "$T/crl.der" 2>/dev/null ||
            { bad "$f" 'is missing, or no revocation list'; continue; }
        # openssl takes the CA by its name, so the name is compared below
        openssl crl -in "$f" -CAfile chain.pem -noout 2>&1 </dev/null | grep -qx 'verify OK' ||
            bad "$f" 'is not signed by a CA of chain.pem'
        name=$(sed -n "${n}s/ .*//p" "$T/ca/subjects")
        hex "$T/crl.der" | awk -v f="$f" -v ca="$name" -v revoked="$T/revoked" -v last="$VERIFY_AT" "$DER"'
            {
                start($0); enter("30"); enter("30"); is("02", "01", "is not of version 2"); whole("30")
                if (whole("30") != ca) fail("is the list of another CA")
                if (time() "" <= last "") fail("is older than the end of voting")
                if ((time() == "99991231235959") != (f == "crl/ballot-ca.pem"))
                    fail("only the list of the Ballot CA, which is finished, is without end (99991231235959Z)")
                if (peek() == "30") {
                    for (enter("30"); more(); leave()) {
                        enter("30"); serial = take("02"); when = time(); split("", X); if (more()) extensions()
                        # a compromised key counts from its invalidity date on
                        if (X["551d15"] ~ /^0a010[12]$/ && "551d18" in X) when = text(substr(X["551d18"], 5, 28))
                        print ca, serial, when >> revoked
                    }
                    leave()
                }
                enter("a0"); extensions(); leave(); leave(); whole("30")
                if (!("551d3c" in X)) fail("does not say that it keeps expired certificates (expiredCertsOnCRL)")
                take("03"); leave()
                if (P != length($0) + 1) fail("trailing bytes")
                if (why != "") print f, why
            }' | findings
    done <"$T/crls"
    while read -r _ issuer serial; do not_revoked chain.pem "$issuer" "$serial" "$VERIFY_AT"; done <"$T/ca/subjects"
    done_with 'revocation lists' "$n"
}

# not_revoked FILE ISSUER SERIAL TIME: an entry counts when its date is not later than the time.
not_revoked() {
    awk -v i="$2" -v s="$3" -v t="$4" '$1 "" == i "" && $2 "" == s "" && $3 "" <= t "" { found = 1 } END { exit !found }' "$T/revoked" &&
        bad "$1" 'the certificate was revoked by then'
}

# signed FILE ROLE [CONTENT]: a CMS signature in the given role, by a certificate of the issuing CA itself. Without
# CONTENT the message carries its content, which goes to $T/content. Leaves the hash of the certificate in $SIGNER.
signed() {
    rm -f "$T/content"
    SIGNER=''
    [ -f "$1" ] || { bad "$1" 'is missing'; return; }
    hex "$1" | awk -v kind="${3:+detached}" "$DER"'
        {
            start($0); signed_data(kind == "" ? "attached" : kind)
            print (why != "" ? "- " why : C["issuer"] " " C["serial"] " " C["der"] " " A["2a864886f70d010904"])
        }' >"$T/line"
    read -r by serial der digest <"$T/line"
    [ "$by" != - ] || { bad "$1" "$serial $der $digest"; return; }
    SIGNER=$(unhex "$der" | openssl dgst -sha256 -r | cut -c1-64)
    if [ -n "${3:-}" ] && [ ${#digest} -eq 68 ] && [ "$digest" != "0420$(sha256 "$3")" ]; then
        bad "$3" "is not what $1 signs"
    else
        openssl cms -verify -cades -inform DER -in "$1" ${3:+-content "$3"} -binary -CAfile "$T/issuing-chain.pem" \
            -no-CApath -no-CAstore -attime "$AT" -policy "$ARC.1.$2" -explicit_policy -out "$T/content" \
            >/dev/null 2>&1 </dev/null || bad "$1" "is no valid signature in the role $ARC.1.$2"
    fi
    [ "$by" = "$ISSUING_NAME" ] || bad "$1" 'the certificate of the signer is not from the issuing CA'
    not_revoked "$1" "$by" "$serial" "$VERIFY_AT"
}

# 6 The manifest: an officer signed it, and the election key and the TSA in it are what they say.
check_manifest() {
    signed manifest.json.p7s 11 manifest.json
    for c in tsa_certificate:7 election_certificate:16; do
        role=${c#*:} c=${c%:*}
        openssl verify -no-CApath -no-CAstore -attime "$AT" -CAfile "$T/ca/1.pem" -untrusted "$T/ca/2.pem" \
            -policy "$ARC.1.$role" -explicit_policy "$T/$c.pem" >/dev/null 2>&1 ||
            bad manifest.json "$c has not the role $ARC.1.$role under this root"
        hex "$T/$c.der" | awk "$DER"'{
            start($0); certificate()
            print C["issuer"], C["serial"], C["spki"], wrap("30", C["issuer"] wrap("02", C["serial"])) }' >"$T/line"
        read -r issuer serial ELECTION_SPKI RECIPIENT <"$T/line"
        [ "$issuer" = "$ISSUING_NAME" ] || bad manifest.json "$c is not from the issuing CA"
        not_revoked manifest.json "$issuer" "$serial" "$VERIFY_AT"
    done
    done_with manifest "$ID"
}

# stamped LIST RESPONSE: an RFC 3161 token over the list, in the role of a TSA, at the token's own time ($STAMP_TIME).
stamped() {
    STAMP_TIME='' STAMP_DER=''
    [ -f "$2" ] || { bad "$2" 'is missing'; return; }
    hex "$2" | awk "$DER"'
        {
            start($0); enter("30"); enter("30"); is("02", "00", "the request was not granted"); P = E; leave()
            enter("30"); is("06", "2a864886f70d010702", "no token"); enter("a0")
            enter("30"); is("02", "03", "not version 3")
            enter("31"); whole("30"); leave(); enter("30"); is("06", "2a864886f70d0109100104", "no TSTInfo")
            enter("a0"); enter("04"); enter("30"); is("02", "01"); take("06"); enter("30")
            if (take("30") !~ /^0609608648016503040201(0500)?$/) fail("the imprint is not a SHA-256")
            imprint = take("04"); leave()
            take("02"); if (peek() != "18") fail("no time"); t = time(); P = E; leave(); leave(); leave(); leave()
            enter("a0", "no certificate"); certificate(); leave("more than one certificate")
            enter("31"); signer_info("any s"); leave("more than one signer"); leave(); leave(); leave("trailing bytes")
            if (P != length($0) + 1) fail("trailing bytes")
            print (why != "" ? "- " why : t " " C["issuer"] " " C["serial"] " " C["der"] " " imprint)
        }' >"$T/line"
    read -r t by serial STAMP_DER imprint <"$T/line"
    [ "$t" != - ] || { bad "$2" "is no time stamp of the expected form: $by $serial $STAMP_DER $imprint"; return; }
    STAMP_TIME=$t
    [ "$imprint" = "$(sha256 "$1")" ] || { bad "$1" "is not what $2 stamps"; return; }
    openssl ts -verify -data "$1" -in "$2" -CAfile "$T/issuing-chain.pem" -attime "$(seconds "$STAMP_TIME")" \
        -policy "$ARC.1.7" -explicit_policy >/dev/null 2>&1 || bad "$2" "is no valid time stamp in the role $ARC.1.7"
    [ "$by" = "$ISSUING_NAME" ] || bad "$2" 'the certificate of the TSA is not from the issuing CA'
    not_revoked "$2" "$by" "$serial" "$STAMP_TIME"
}

# 7 The lists of evidence were stamped, one after the other.
check_evidence() {
    n=0 earlier=0
    while read -r i; do
        n=$((n + 1)) f=evidence/$i
        [ "$i" = "$(printf %04d $n)" ] || bad "$f.sha256" 'breaks the numbering'
        stamped "$f.sha256" "$f.tsr"
        [ "${STAMP_TIME:-$earlier}" -ge "$earlier" ] || bad "$f.tsr" 'is older than the evidence before it'
        earlier=${STAMP_TIME:-$earlier}
    done <"$T/lists"
    sed -n 's|^evidence/\(.*\)\.tsr$|\1|p' "$T/files" | comm -13 "$T/lists" - |
        sed 's|.*|evidence/&.tsr stands alone, without its list|' | findings
    done_with evidence "$n time stamps"
}

# sha256_lines FOLDER: hexadecimal messages, one per line -> their SHA-256, one per line. Each is written to a file in
# the folder, because openssl hashes many files in one process; the same files serve again and again.
sha256_lines() {
    mkdir -p "$1" && rm -f "$1"/script.*
    awk -v script="$1/script." "$HEX"'
        { print unpack($1, (NR - 1) % 4096) > (script int((NR - 1) / 4096)) }
        NR % 4096 == 0 { close(script (NR / 4096 - 1)) }'
    (
        cd "$1" && n=0
        while [ -f script.$n ]; do
            . ./script.$n
            awk '{ print NR - 1 }' script.$n | xargs openssl dgst -sha256 -r | cut -c1-64
            rm -f script.$n
            n=$((n + 1))
        done
    )
}

# RFC 9162, 2.1.1, over 32-octet entries (hexadecimal lines) on stdin; prints the root, leaves the levels in $T/merkle.
merkle_root() {
    rm -f "$T"/merkle/*
    awk '{ print "00" $1 }' | sha256_lines "$T/h" >"$T/merkle/0"
    [ -s "$T/merkle/0" ] || { sha256 /dev/null; return; }
    level=0
    while [ "$(lines "$T/merkle/$level")" -gt 1 ]; do
        {
            awk 'NR % 2 { left = $1; next } { print "01" left $1 }' "$T/merkle/$level" | sha256_lines "$T/h"
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
    tr -c '\n -~' '?' <"$1" | awk -v f="$1" '
        length($0) != 64 || $0 !~ /^[0-9a-f]+$/ || ($0 "") <= last {
            print f, "line " NR " is malformed, unsorted or a repeat"; exit
        }
        { last = $0 "" }' >"$T/lines"
    [ ! -s "$T/lines" ] || { findings <"$T/lines"; return; }
    [ "$(lines "$1")" = "$2" ] || bad "$1" "has not the $2 lines that $4 states"
    [ "$(merkle_root <"$1")" = "$3" ] || bad "$1" "has not the root that $4 states"
}

# by_style FILE FLAT TOTAL: styles/* of a document are those of the manifest, none above its voters, and add up.
by_style() {
    awk -F '\t' -v f="$1" -v total="$3" -v styles="$T/styles" '
        BEGIN { while ((getline line < styles) > 0) { split(line, a, " "); voters[a[1]] = a[2] } }
        sub(/^styles\//, "", $1) {
            if (!($1 in voters) || $2 !~ /^[0-9]+$/) print f, "names a style that the manifest has not: " $1
            else if ($2 > voters[$1] + 0) print f, "has more of style " $1 " than the manifest has voters"
            sum += $2
        }
        END { if (sum != total + 0) print f, "the styles do not add up" }' "$2" | findings
}

# 8 The roll and the claims, as far as they are public (T7: never more ballots than claims, nor claims than the roll).
check_roll() {
    f=roll/roll.json
    signed $f.p7s 11 $f
    flatten $f "$T/roll" && {
        [ "$(field $f "$T/roll" election id)" = "$ID" ] || bad $f 'belongs to another election'
        [ "$(field $f "$T/roll" size count)" = "$ROLL_SIZE" ] || bad $f 'has not the size of the manifest'
        [ "$(field $f "$T/roll" root hash)" = "$ROLL_ROOT" ] || bad $f 'has not the root of the manifest'
        by_style $f "$T/roll" "$ROLL_SIZE"
    }
    commitments roll/commitments.txt "$ROLL_SIZE" "$ROLL_ROOT" manifest.json
    done_with roll "$ROLL_SIZE entries"
    CLAIMED=$ROLL_SIZE
    : >"$T/claims-by-style"
    while read -r issuer; do
        f=claims/$issuer.json
        signed "$f.p7s" 12 "$f"
        flatten "$f" "$T/claims" || continue
        count=$(field "$f" "$T/claims" claims count)
        [ "$(field "$f" "$T/claims" election id)" = "$ID" ] || bad "$f" 'belongs to another election'
        [ "$(field "$f" "$T/claims" issuer id)" = "$issuer" ] || bad "$f" 'belongs to another issuer'
        by_style "$f" "$T/claims" "$count"
        sed -n "s|^styles/|$issuer |p" "$T/claims" | tr '\t' ' ' >>"$T/claims-by-style"
        commitments "claims/$issuer.txt" "$count" "$(field "$f" "$T/claims" root hash)" "$f"
        if [ "$count" != '?' ] && [ "$count" -lt "$CLAIMED" ]; then CLAIMED=$count; fi
    done <"$T/issuers"
    awk '{ c = "claims/" $1; print c ".json"; print c ".json.p7s"; print c ".txt" }' "$T/issuers" | sort >"$T/want"
    grep '^claims/' "$T/files" | comm -13 "$T/want" - | sed 's|$| is of no issuer of the manifest|' | findings
    done_with claims "$CLAIMED"
}

# 9 Epochs: numbered without gaps, sorted, stamped in order by the TSA of the manifest; each ballot in exactly one.
check_epochs() {
    sed -n 's|^epochs/\(.*\)\.sha256$|\1|p' "$T/files" >"$T/epochs"
    sed -n 's|^epochs/\(.*\)\.tsr$|\1|p' "$T/files" | cmp -s - "$T/epochs" ||
        bad epochs 'lists and time stamps do not go together'
    n=0 all=$(lines "$T/epochs") earlier=$OPENS tsa=$(hex "$T/tsa_certificate.der")
    : >"$T/leaves"
    while read -r i; do
        n=$((n + 1)) f=epochs/$i
        [ "$i" = "$(printf %04d $n)" ] || bad "$f.sha256" 'breaks the numbering of the epochs'
        tr -c '\n -~' '?' <"$f.sha256" | awk '
            {
                leaf = substr($0, 1, 64)
                if (length($0) != 145 || leaf !~ /^[0-9a-f]+$/ || leaf <= last) exit 1
                if ($0 != leaf "  ballots/" substr(leaf, 1, 2) "/" leaf ".p7m") exit 1
                print last = leaf
            }' >"$T/epoch" || bad "$f.sha256" "line $(($(lines "$T/epoch") + 1)) is malformed or not in order"
        cat "$T/epoch" >>"$T/leaves"
        [ "$all" -eq 1 ] || [ "$(lines "$T/epoch")" -ge "$MIN_BALLOTS" ] ||
            bad "$f.sha256" "has fewer than $MIN_BALLOTS ballots"
        stamped "$f.sha256" "$f.tsr"
        [ -n "$STAMP_TIME" ] || continue
        [ "$STAMP_DER" = "$tsa" ] || bad "$f.tsr" 'is not by the TSA of the manifest'
        [ "$STAMP_TIME" -ge "$earlier" ] || bad "$f.tsr" 'is older than the epoch before it, or than the opening'
        [ "$STAMP_TIME" -le "$UNTIL" ] || bad "$f.tsr" 'is later than final_epoch_until: these ballots do not count'
        earlier=$STAMP_TIME
    done <"$T/epochs"
    [ "$n" -gt 0 ] || bad epochs 'there is no epoch'
    # each ballot under the name of its own hash
    CAST=$(lines "$T/leaves")
    sort "$T/leaves" | uniq -d | ballot_paths | sed 's|$| is in more than one epoch|' | findings
    sort -u "$T/leaves" >"$T/listed"
    grep '  ballots/' "$T/hashes" >"$T/ballots"
    awk '$1 != substr($2, 12, 64) { print $2, "is named by a hash that is not its own" }' "$T/ballots" | findings
    awk '$1 == substr($2, 12, 64) { print $1 }' "$T/ballots" | sort >"$T/here"
    comm -13 "$T/here" "$T/listed" | ballot_paths | sed 's|$| is in an epoch, and missing or altered|' | findings
    comm -23 "$T/here" "$T/listed" | ballot_paths | sed 's|$| is in no epoch|' | findings
    comm -12 "$T/here" "$T/listed" >"$T/to-check"
    done_with epochs "$n, $CAST ballots"
}

ballot_paths() { sed 's|^\(..\).*|ballots/\1/&.p7m|'; }

# 10 The log: the tree over all leaves in the order of the epochs, its signed root, its tiles.
check_log() {
    f=log/checkpoint
    LOG_ROOT=$(merkle_root <"$T/leaves")
    # The verifier key: NAME+KEY_ID+BASE64(01 || 32 octets), with KEY_ID = SHA-256(NAME || 0a || 01 || key)[:4]
    field manifest.json "$M" log/key text |
        sed -n 's/^\([!-*,-~]*\)+\([0-9a-f]*\)+\([A-Za-z0-9+\/=]*\)$/\1 \2 \3/p' >"$T/line"
    read -r name key_id key <"$T/line"
    key=$(printf '%s' "$key" | openssl base64 -d -A | hex)
    hash=$({ printf '%s\n' "$name" && unhex "$key"; } | openssl dgst -sha256 -r | cut -c1-8)
    [ "$name" = "$ORIGIN" ] && [ ${#key} -eq 66 ] && [ "$key_id" = "$hash" ] ||
        bad manifest.json 'the key of the log is malformed or not its own'
    unhex "302a300506032b6570032100${key#01}" | openssl pkey -pubin -inform DER -out "$T/log.pem" 2>/dev/null
    # origin, size, root, an empty line, then lines of "— NAME BASE64(KEY_ID || signature)"
    [ -f $f ] || { done_with log "$CAST leaves"; return; }
    printf '%s\n%s\n%s\n' "$ORIGIN" "$CAST" "$(unhex "$LOG_ROOT" | openssl base64 -A)" >"$T/want"
    sed 3q $f >"$T/note"
    cmp -s "$T/note" "$T/want" || bad $f "does not state this log, its $CAST leaves and the root $LOG_ROOT"
    [ -z "$(sed -n 4p $f)" ] && ! sed 1,4d $f | grep -qv '^— [!-~][!-~]* [A-Za-z0-9+/=]*$' ||
        bad $f 'is not a signed note'
    sed 1,4d $f | awk -v name="$name" '$2 "" == name "" { print $3 }' >"$T/signatures"
    good=0
    while read -r line; do
        signature=$(printf '%s' "$line" | openssl base64 -d -A | hex)
        unhex "${signature#"$key_id"}" >"$T/signature"
        [ ${#signature} -eq 136 ] && [ "$signature" = "$key_id${signature#"$key_id"}" ] &&
            openssl pkeyutl -verify -rawin -pubin -inkey "$T/log.pem" -in "$T/note" -sigfile "$T/signature" \
                >/dev/null 2>&1 && good=$((good + 1))
    done <"$T/signatures"
    [ $good -gt 0 ] && [ $good -eq "$(lines "$T/signatures")" ] || bad $f 'is not signed by the log of the manifest'
    check_tiles
    done_with log "$CAST leaves"
}

# C2SP tlog-tiles: log/tile/LEVEL/INDEX[.p/WIDTH], the hashes of whole subtrees; log/tile/entries: leaves with lengths.
check_tiles() {
    level=0 width=$CAST
    sed 's/^/0020/' "$T/leaves" | tiles entries >"$T/tiles"
    while [ "$width" -gt 0 ]; do
        sed "${width}q" "$T/merkle/$((8 * level))" | tiles $level >>"$T/tiles"
        level=$((level + 1)) width=$((width / 256))
    done
    grep '^log/tile/' "$T/files" | while read -r f; do echo "$f $(hex "$f")"; done >"$T/have"
    awk 'NR == FNR { want[$1] = $2; next }
         !($1 in want) { print $1, "is no tile of a log of this size"; next }
         want[$1] "" != $2 "" { print $1, "does not agree with the leaves" }
         { delete want[$1] }
         END { for (p in want) print p, "is missing" }' "$T/tiles" "$T/have" | findings
}
tiles() {
    awk -v kind="$1" '
        function flush(  i, p) {
            i = int((NR - 1) / 256); p = sprintf("%03d", i % 1000)
            for (i = int(i / 1000); i > 0; i = int(i / 1000)) p = sprintf("x%03d/", i % 1000) p
            print "log/tile/" kind "/" p (NR % 256 ? ".p/" NR % 256 : ""), tile; tile = ""
        }
        { tile = tile $1 } NR % 256 == 0 { flush() } END { if (NR % 256) flush() }'
}

# 11 The trustees: rehearsals, what they signed before the release, their shares; and the election's private key.
check_trustees() {
    p256=3059301306072a8648ce3d020106082a8648ce3d030107034200
    [ "$(sha256 trustees/transcript.json)" = "$(field manifest.json "$M" trustees/transcript hash)" ] ||
        bad trustees/transcript.json 'is not the transcript of the manifest'
    shares=0 checkpoints=0
    : >"$T/trustees"
    for i in $(indices trustees/members); do
        n=$(field manifest.json "$M" "trustees/members/$i/index" count)
        point=$(field manifest.json "$M" "trustees/members/$i/share_point" point)
        owner=$(field manifest.json "$M" "trustees/members/$i/certificate" hash)
        echo "$n $owner" >>"$T/trustees"
        f=trustees/rehearsal-$n.csr
        # openssl req ends with 0 after a bad signature too: its words are what counts
        openssl req -verify -inform DER -in "$f" -noout 2>&1 </dev/null | grep -q 'verify OK$' ||
            bad "$f" 'is missing or not signed by its own key'
        openssl req -inform DER -in "$f" -noout -pubkey -out "$T/rehearsal.pem" 2>/dev/null </dev/null
        [ "$(openssl pkey -pubin -in "$T/rehearsal.pem" -outform DER 2>/dev/null | hex)" = "$p256$point" ] ||
            bad "$f" 'is not by the share of this trustee'
        f=trustees/checkpoint-$n.p7m
        if [ -f "$f" ]; then
            checkpoints=$((checkpoints + 1))
            signed "$f" 13
            cmp -s "$T/content" log/checkpoint || bad "$f" 'is not over log/checkpoint'
            [ "$SIGNER" = "$owner" ] || bad "$f" "is not by trustee $n"
        fi
        f=trustees/share-$n.pem
        if [ -f "$f" ]; then
            shares=$((shares + 1))
            private_key "$f" "$p256$point" || bad "$f" "is not the share of trustee $n"
        fi
    done
    [ $shares -ge "$THRESHOLD" ] || bad trustees "$shares shares are fewer than the threshold of $THRESHOLD"
    [ $checkpoints -ge "$THRESHOLD" ] || bad trustees "$checkpoints signatures over the checkpoint are too few"
    sed -n 's/^trustees\/[a-z]*-\([0-9]*\)\..*/\1 &/p' "$T/files" | awk '
        NR == FNR { member[$1]; next }
        !($1 in member) { print $2, "is of no trustee of the manifest" }' "$T/trustees" - | findings
    grep '^trustees/ceremony/' "$T/files" >"$T/ceremony"
    while read -r f; do
        signed "$f" 13
        grep -q " ${SIGNER:-?}\$" "$T/trustees" || bad "$f" 'is not by a trustee of the manifest'
    done <"$T/ceremony"
    done_with trustees "$(lines "$T/trustees"), $shares shares"
    if private_key election-key.pem "$ELECTION_SPKI"; then
        openssl pkey -in election-key.pem -passin pass: -out "$T/key.pem" 2>/dev/null
    else
        bad election-key.pem 'is not the key of the election certificate: no ballot can be opened'
    fi
    done_with 'election key' "$ID"
}

# private_key FILE SPKI: a private key whose public half was computed (-check), not only claimed
private_key() {
    openssl pkey -in "$1" -passin pass: -noout -check 2>&1 </dev/null | grep -qx 'Key is valid' &&
        [ "$(openssl pkey -in "$1" -passin pass: -pubout -outform DER 2>/dev/null | hex)" = "$2" ]
}

# Structure of the ballots on stdin (hexadecimal text, cut by the sizes in a list): the exact profile of an eBallot.
# Prints LEAF STYLE SPKI POINT NAME SERIAL and for each token NUMBER_OF_ITS_KEY PREFIX SIGNATURE; findings go to a file.
BALLOT=$DER'
BEGIN {
    while ((getline line < revoked) > 0) { split(line, a, " "); if (a[3] "" <= at "") gone[a[1] " " a[2]] }
    while ((getline line < keys) > 0) { split(line, a, " "); ISSUER[a[3]] = a[1]; STYLE[a[3]] = a[2]; KEY[a[3]] = a[4] }
    while ((getline line < issuers) > 0) WANTED[++wanted] = line
    TOKEN = oid(arc ".2.1"); ballot_policy = oid(arc ".1.6")
    next_file()
}
function next_file() { need = 0; if ((getline line < sizes) > 0) { split(line, a, " "); need = 2 * a[1]; path = a[2] } }
{
    gsub(/ /, ""); data = data $0
    for (; need > 0 && length(data) >= need; next_file()) {
        h = substr(data, 1, need); data = substr(data, need + 1); ballot(h)
    }
}
function ballot(h) {
    start(h); signed_data("envelope"); signature_rules(); certificate_rules()
    if (why == "") subject()
    if (why == "") certificate_signature()
    if (why == "") tokens()
    if (why != "") print path, why > findings
    else print substr(path, 12, 64), STYLE_OF, C["spki"], B["point"], NAME, C["serial"] TOKENS, X["551d0e"]
}
function signature_rules() {
    if (ATTR != 3 || !("2a864886f70d010903" in A) || !("2a864886f70d010904" in A) || !("2a864886f70d010910022f" in A))
        fail("the signed attributes are not contentType, messageDigest and signingCertificateV2 alone")
    if (S["digest"] != "300b0609608648016503040201" || S["algorithm"] != "300a06082a8648ce3d040302")
        fail("the signature is not ECDSA with SHA-256")
}
function certificate_rules() {
    if (C["spki"] !~ /^3059301306072a8648ce3d020106082a8648ce3d03010703420004/) fail("the key is not on P-256")
    if (C["issuer"] != ballot_ca) fail("the certificate is not from the Ballot CA")
    if (C["from"] != from || C["until"] != until) fail("the certificate is not valid for exactly the voting window")
    if ((C["issuer"] " " C["serial"]) in gone) fail("the certificate was revoked by then")
    if (!(TOKEN in X)) fail("the certificate carries no token")
    if (X["551d0f"] != "030206c0") fail("the key usage is not digitalSignature and nonRepudiation")
    if (SHAPE != " 551d0f! 551d0e 551d23 551d20 " TOKEN)
        fail("the extensions are not key usage (critical), key identifiers, policy and token alone, in this order")
}
# The Ballot CA signs with P-256: what is longer is by another key and does not verify.
function certificate_signature(  s) {
    start(substr(C["signature"], 3)); enter("30"); integer(); s = integer(); leave()
    if (is_high(s)) fail("high s: a twin of the signature of the certificate")
}
function subject(  type, types, v) {
    for (start(C["subject"]) enter("30"); more(); leave()) {
        enter("31"); enter("30"); type = take("06"); v = take("0c"); leave(); types = types " " type
        if (type == "55040b" && v != hexof(id)) fail("the certificate belongs to another election")
        if (type == "550403") NAME = v
    }
    if (types != " 55040a 55040b 550403") fail("the subject is not O, OU, CN")
}
function tokens(  key, n, v) {
    TOKENS = ""
    for (start(X[TOKEN]) enter("30"); more(); leave()) {
        enter("30"); is("02", "01", "the token is not of version 1"); key = take("04"); n++
        if (!(key in KEY)) fail("the token is by a key that is not in the manifest")
        else if (ISSUER[key] "" != WANTED[n] "") fail("token " n " is not by the issuer whose turn it is")
        else if (n > 1 && STYLE[key] "" != STYLE_OF "") fail("the tokens are of several styles")
        STYLE_OF = STYLE[key]; v = take("04")
        if (length(v) != 64) fail("the prefix of the token has not 32 octets")
        TOKENS = TOKENS " " KEY[key] " " v " " take("04")
    }
    if (n != wanted) fail("the token of an issuer is missing, or one is too many")
}
'

# What an opened ballot says, by the rules of the manifest: valid, blank or invalid, and the choices.
JUDGE=$JSON'
function emit(path, v) { V[path] = v; values++ }
BEGIN {
    FS = "\t"
    while ((getline < rules) > 0) R[$1] = $2
    FS = " "
    for (i = 0; i < R["contests/#"]; i++) {
        p = "contests/" i "/"; c = R[p "id"]; n = R[p "candidates/#"]; m = R[p "rules/method"]
        for (j = 0; j < n; j++) STANDS[c, R[p "candidates/" j "/id"]]
        MOST[c] = m == "\"plurality" ? 1 : m == "\"n-of-m" ? R[p "rules/seats"] : n
        if ((p "rules/max_choices") in R) MOST[c] = R[p "rules/max_choices"]
    }
    for (i = 0; i < R["styles/#"]; i++) {
        s = R["styles/" i "/id"]; COUNT[s] = R["styles/" i "/contests/#"]
        for (j = 0; j < COUNT[s]; j++) ORDER[s, j] = R["styles/" i "/contests/" j]
    }
}
function judge(leaf, style, spki,  line, rest, i, j, k, c, seen, used) {
    VOTES = ""
    if ((getline line < (plain leaf)) < 1) return "invalid"
    rest = getline used < (plain leaf); close(plain leaf)
    if (rest > 0 || length(line) != size) return "invalid"
    split("", V); values = 0; used = 0; json(line)
    if (wrong != "" || V["ballot"] != "\"" spki || V["election"] != "\"" id) return "invalid"
    if (V["manifest"] != "\"" manifest || V["style"] != style || V["pad"] !~ /^"0*$/) return "invalid"
    if (V["contests/#"] != COUNT[style]) return "invalid"
    values -= 6
    for (i = 0; i < COUNT[style]; i++) {
        c = ORDER[style, i]; k = V["contests/" i "/choices/#"]
        if (V["contests/" i "/id"] != c || k == "" || k > MOST[c] + 0) return "invalid"
        values -= 2 + k; used += k; VOTES = VOTES " " substr(c, 2) "="; split("", seen)
        for (j = 0; j < k; j++) {
            line = V["contests/" i "/choices/" j]
            if (!((c, line) in STANDS) || line in seen) return "invalid"
            seen[line]; VOTES = VOTES (j ? "," : "") substr(line, 2)
        }
    }
    return values != 0 ? "invalid" : used ? "valid" : "blank"
}
{ verdict = judge($1, "\"" $2, $3); print $1, $2, $3, $4, verdict (verdict == "invalid" ? "" : VOTES) }
'

# The ballots of the list $1, in the folder $2. Leaves in $1.votes: LEAF STYLE KEY_HASH POINT VERDICT CONTEST=CHOICE,...
check_chunk() {
    rm -rf "$2"
    mkdir -p "$2/tokens" "$2/plain"
    : >"$1.votes"
    ballot_paths <"$1" >"$2/paths"
    xargs wc -c <"$2/paths" | awk '$2 != "total"' >"$2/sizes"
    xargs cat <"$2/paths" | od -An -v -tx1 | awk -v sizes="$2/sizes" -v findings="$2/bad" -v id="$ID" -v arc="$ARC" \
        -v RECIPIENT="$RECIPIENT" -v ballot_ca="$BALLOT_CA_NAME" -v from="$OPENS" -v until="$CLOSES" \
        -v at="$VERIFY_AT" -v revoked="$T/revoked" -v keys="$T/keys" -v issuers="$T/issuers" "$BALLOT" >"$2/facts"
    [ ! -f "$2/bad" ] || findings <"$2/bad"
    [ -s "$2/facts" ] || return 0
    # Four hashes of each key: itself; with a label and the election for the serial number and for the name; its point.
    awk '{ print $3 }' "$2/facts" | sha256_lines "$2/h" >"$2/spki"
    labelled='{ print hexof(label) "00" hexof(id) "00" $field }'
    awk -v id="$ID" -v label=ballot-serial-v1 -v field=3 "$HEX$labelled" "$2/facts" | sha256_lines "$2/h" >"$2/serial"
    awk -v id="$ID" -v label=ballot-name-v1 -v field=1 "$HEX$labelled" "$2/spki" | sha256_lines "$2/h" >"$2/name"
    awk '{ print substr($3, length($3) - 129) }' "$2/facts" | sha256_lines "$2/h" >"$2/id"
    paste -d ' ' "$2/spki" "$2/serial" "$2/name" "$2/facts" "$2/id" >"$2/hashed"
    awk -v id="$ID" -v list="$2/list" -v findings="$2/derived" "$HEX"'
        {
            serial = substr("4567", NUM["0" substr($2, 1, 1)] % 4 + 1, 1) substr($2, 2, 39)
            variant = substr("89ab", NUM["0" substr($3, 17, 1)] % 4 + 1, 1)
            uuid = substr($3, 1, 8) "-" substr($3, 9, 4) "-8" substr($3, 14, 3) "-" variant substr($3, 18, 3) "-" \
                substr($3, 21, 12)
            path = "ballots/" substr($4, 1, 2) "/" $4 ".p7m"
            if ($9 != serial) print path, "the serial number does not follow from the key and the election" > findings
            if ($8 != hexof(uuid)) print path, "the name does not follow from the key and the election" > findings
            # what each token signs: prefix || DER { "ballot-token-v1", election id, hash of the key }
            message = wrap("30", wrap("0c", hexof("ballot-token-v1")) wrap("0c", hexof(id)) wrap("04", $1))
            if ($(NF - 1) != "0414" substr($NF, 1, 40)) print path, "the key identifier is not that of the key" > findings
            for (i = 10; i < NF - 2; i += 3) {
                print unpack($(i + 1) message, $4 "." $i ".message"); print unpack($(i + 2), $4 "." $i ".signature")
                used = i == 10 ? $i : used " " $i
            }
            print $4, $5, $1, $7, used > list
        }' "$2/hashed" >"$2/script"
    (cd "$2/tokens" && . ../script)
    [ ! -f "$2/derived" ] || findings <"$2/derived"
    while read -r leaf style spki point keys; do
        f=ballots/${leaf%"${leaf#??}"}/$leaf.p7m holds=yes
        printf . >>"$2.done"
        openssl cms -verify -cades -inform DER -in "$f" -binary -CAfile "$T/ballot-chain.pem" -no-CApath -no-CAstore \
            -attime "$AT" -policy "$ARC.1.6" -explicit_policy -out "$2/envelope" >/dev/null 2>&1 </dev/null ||
            { bad "$f" 'signature or certificate do not verify for a ballot at the time of the election'; holds=; }
        for key in $keys; do
            openssl dgst -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -verify "$T/key.$key.pem" \
                -signature "$2/tokens/$leaf.$key.signature" "$2/tokens/$leaf.$key.message" >/dev/null 2>&1 ||
                { bad "$f" "the token by key $key of the manifest does not verify: nobody entitled it"; holds=; }
        done
        [ -n "$holds" ] || continue
        echo "$leaf $style $spki $point" >>"$2/good"
        # some versions leave altered text behind when the tag is wrong
        openssl cms -decrypt -inform DER -in "$2/envelope" -inkey "$T/key.pem" -binary -out "$2/plain/$leaf" \
            2>/dev/null </dev/null && continue
        rm -f "$2/plain/$leaf"
        # it may be no point at all, which is the form of the ballot and not a vote that does not open
        unhex "3059301306072a8648ce3d020106082a8648ce3d0301070342$point" >"$2/point"
        openssl pkey -pubin -inform DER -in "$2/point" -noout 2>/dev/null ||
            bad "$f" 'the ephemeral key is not a point of P-256'
    done <"$2/list"
    [ -f "$2/good" ] || return 0
    find "$2/plain" -type f ! -size "${PLAINTEXT_SIZE}c" -exec rm -f {} +
    awk -v plain="$2/plain/" -v rules="$M" -v size="$PLAINTEXT_SIZE" -v id="$ID" -v manifest="$MANIFEST_HASH" "$JUDGE" \
        "$2/good" >"$1.votes"
}

# 12 The ballots, a few hundred at a time in several processes: structure, certificate, tokens, signature, opening.
check_ballots() {
    total=$(lines "$T/to-check")
    split -l 200 -a 4 "$T/to-check" "$T/work/list."
    w=0 WORKERS=''
    while [ $w -lt "$JOBS" ]; do
        (
            trap - EXIT
            n=0
            for list in "$T"/work/list.????; do
                [ $((n % JOBS)) -ne $w ] || [ ! -f "$list" ] || check_chunk "$list" "$T/work/$w"
                n=$((n + 1))
            done
        ) &
        WORKERS="$WORKERS $!" w=$((w + 1))
    done
    ballots=$WORKERS
    if [ -t 2 ] && [ -z "$QUIET" ]; then
        (
            trap - EXIT
            while sleep 1; do
                printf '\rballots: %d of %d ' "$(cat "$T"/work/*.done 2>/dev/null | wc -c)" "$total" >&2
            done
        ) &
        WORKERS="$WORKERS $!"
    fi
    for pid in $ballots; do wait "$pid" || bad ballots 'a process that checked ballots ended early'; done
    # shellcheck disable=SC2086
    [ "$WORKERS" = "$ballots" ] || { kill ${WORKERS##* }; wait ${WORKERS##* }; printf '\r%40s\r' '' >&2; } 2>/dev/null
    WORKERS=''
    cat "$T"/work/list.????.votes 2>/dev/null | sort >"$T/votes"
    awk '$3 in first { print "ballots/" substr($1, 1, 2) "/" $1 ".p7m is by the same key as " first[$3]; next }
         { first[$3] = $1 }' "$T/votes" | findings
    done_with ballots "$total, with their tokens"
}

# 13 The count as far as first preferences go, and the books: everything in results.json that can be seen from here.
check_results() {
    f=results/results.json
    signed $f.p7s 11 $f
    awk '{ print "results/" $1 ".blt" }' "$T/contests" | sort >"$T/want"
    sed -n '/\.blt$/p' "$T/files" | comm -3 "$T/want" - | tr -d '\t' |
        sed 's|$| is missing, or of no contest|' | findings
    flatten $f "$T/results" || { done_with results 0; return; }
    [ "$(lines "$T/votes")" -eq "$CAST" ] ||
        bad $f "the recount leaves out $((CAST - $(lines "$T/votes"))) ballots that do not hold, so it may differ"
    # T13: of ballots with one ephemeral key only the one with the smallest leaf counts, among those that else would: so
    # a copied envelope cannot displace its original. The key is known by its x coordinate (after 00 and 04), because the
    # point of the opposite sign agrees on the same secret.
    awk '{ x = substr($4, 5, 64)
           if ($5 != "invalid" && x in seen) print $1, $2, $3, $4, "invalid"
           else { print; if ($5 != "invalid") seen[x] } }' "$T/votes" >"$T/judged"
    awk -F '\t' -v rules="$M" -v votes="$T/judged" -v claims="$T/claims-by-style" \
        -v id="$ID" -v manifest="$MANIFEST_HASH" -v root="$LOG_ROOT" -v cast="$CAST" -v claimed="$CLAIMED" \
        -v roll="$ROLL_SIZE" -v summary="$T/summary" '
        function bare(v) { sub(/^"/, "", v); return v == "" ? "nothing" : v }
        function expect(path, v) { if (R[path] != v) differ(path " says " bare(R[path]) ", the recount " bare(v)) }
        function differ(text) { print "results/results.json", text }
        BEGIN {
            while ((getline line < rules) > 0) { split(line, a, "\t"); M[a[1]] = a[2] }
            for (i = 0; i < M["contests/#"]; i++)
                MANY[substr(M["contests/" i "/id"], 2)] = M["contests/" i "/rules/method"] ~ /approval|n-of-m/
            while ((getline line < votes) > 0) {
                n = split(line, a, " "); TOTAL[a[5]]++; STYLE[a[2]]++
                if (a[5] == "invalid") { INVALID[a[1]]; continue }
                for (i = 6; i <= n; i++) {
                    c = substr(a[i], 1, index(a[i], "=") - 1); k = split(substr(a[i], length(c) + 2), b, ",")
                    if (k) GOOD[c]++; else EMPTY[c]++
                    for (j = 1; j <= k && (j == 1 || MANY[c]); j++) VOTES[c, b[j]]++
                }
            }
            while ((getline line < claims) > 0) {
                split(line, a, " ")
                if (STYLE[a[2]] > a[3] + 0) print "claims/" a[1] ".json", "more ballots of style " a[2] " than claims"
            }
        }
        { R[$1] = $2 }
        sub(/^cast_by_style\//, "", $1) {
            by_style += $2
            if ($1 != "other" && STYLE[$1] + 0 != $2)
                differ("cast_by_style/" $1 " says " $2 ", the recount " STYLE[$1] + 0)
        }
        END {
            expect("version", 1); expect("election", "\"" id); expect("manifest", "\"" manifest)
            expect("log/root", "\"" root); expect("log/size", cast); expect("totals/cast", cast)
            expect("totals/roll", roll); expect("totals/claimed", claimed); expect("totals/valid", TOTAL["valid"] + 0)
            expect("totals/blank", TOTAL["blank"] + 0); expect("totals/invalid", TOTAL["invalid"] + 0)
            if (by_style != cast) differ("cast_by_style adds up to " by_style + 0 ", not to " cast)
            redeemed = R["totals/redeemed"]
            if (redeemed !~ /^[0-9]+$/ || redeemed < cast + 0 || redeemed > claimed + 0)
                differ("totals/redeemed is not between cast and claimed")
            for (i = 0; i < R["invalid/#"]; i++) {
                leaf = substr(R["invalid/" i "/leaf"], 2)
                if (!(leaf in INVALID)) differ("calls the ballot " leaf " invalid, which it is not, or twice")
                delete INVALID[leaf]
            }
            for (leaf in INVALID) differ("does not call the ballot " leaf " invalid, which it is")
            line = "%9s  %9s  %9s  %9s  %9s  %9s  %9s\n"
            printf line, "roll", "claimed", "redeemed", "cast", "valid", "blank", "invalid" > summary
            printf line, roll, claimed, redeemed, cast, TOTAL["valid"] + 0, TOTAL["blank"] + 0, TOTAL["invalid"] + 0 \
                > summary
            if (R["contests/#"] != M["contests/#"]) differ("has not the contests of the manifest")
            for (i = 0; i < M["contests/#"]; i++) contest("contests/" i "/", "contests/" i "/result/")
        }
        function contest(p, q,  c, j, k, w, n, WON, SAYS) {
            c = substr(M[p "id"], 2); expect(p "id", "\"" c)
            expect(q "valid", GOOD[c] + 0); expect(q "blank", EMPTY[c] + 0)
            n = M[p "candidates/#"]
            for (j = 0; j < R[q "winners/#"]; j++) WON[substr(R[q "winners/" j], 2)]++
            for (j = 0; j < R[q "rounds/0/tallies/#"]; j++)
                SAYS[R[q "rounds/0/tallies/" j "/candidate"]] = R[q "rounds/0/tallies/" j "/votes"]
            k = MANY[c] ? "votes" : "first preferences"
            printf "\n%s (%s), %s:\n", c, substr(M[p "rules/method"], 2), k > summary
            for (j = 0; j < n; j++) {
                k = substr(M[p "candidates/" j "/id"], 2); w += WON[k] == 1
                if (GOOD[c] && SAYS["\"" k] != "\"" VOTES[c, k] + 0)
                    differ(q "rounds/0 gives " k " " bare(SAYS["\"" k]) " votes, the recount " VOTES[c, k] + 0)
                line = substr(M[p "candidates/" j "/name"], 2); gsub(/\\"/, "\"", line)
                line = sprintf("%9d  ", VOTES[c, k]) line
                print line (WON[k] ? "  (elected)" : "") > summary
            }
            if (w != R[q "winners/#"] + 0 || w > M[p "rules/seats"] + 0)
                differ(q "winners names too many, one twice, or no candidate")
        }' "$T/results" | findings
    done_with results "$CAST ballots recounted"
}

finish() {
    if [ -z "$QUIET" ]; then
        printf '\nElection %s\n\n' "$ID"
        [ ! -f "$T/summary" ] || cat "$T/summary"
        cat <<'END'

What this script cannot see: who is on the roll (auditors hold the names), the later rounds of a transferable or instant
run-off count, and whether results.csv and rounds.txt say the same as results.json. For the rounds: uvaudit, or any
counting program with results/CONTEST.blt.

END
    fi
    [ -n "$WANTED" ] || cat <<END
No fingerprint was given: the above holds only if this is the root that the authority published elsewhere; compare:
  $FINGERPRINT
END
    [ -s "$T/findings" ] || { echo "GOOD $ID"; exit 0; }
    echo "BAD  $ID: $(lines "$T/findings") findings"
    exit 1
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
    [ -r manifest.json ] && [ -r root.pem ] || give_up "$PACKAGE is no election package: no manifest.json or root.pem"

    check_layout
    check_hashes
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
