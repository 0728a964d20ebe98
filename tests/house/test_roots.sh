#!/bin/sh
# The published test root: says so in its name, has the fingerprint that its README states, and works with the real program.
set -eu
uvca=$1
roots=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl x509 -in "$roots/root.pem" -noout -subject | grep -q 'TEST ONLY'
fingerprint=$(openssl x509 -in "$roots/root.pem" -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)
grep -q "$fingerprint" "$roots/README.md"
cp -r "$roots" "$work/root"
chmod -R go-rwx "$work/root"
(umask 077; echo 'test-root, worth nothing' >"$work/password"; echo 'something else' >"$work/wrong")
"$uvca" root crl --folder "$work/root" --password-file "$work/password" --at 2026-02-01T00:00:00Z >/dev/null
openssl crl -in "$work/root/root.crl.pem" -CAfile "$work/root/root.pem" -noout 2>&1 | grep -q 'verify OK'
if "$uvca" root crl --folder "$work/root" --password-file "$work/wrong" --at 2026-02-01T00:00:00Z >/dev/null 2>&1; then
    echo "a wrong password was accepted" >&2
    exit 1
fi
echo "the test root holds"
