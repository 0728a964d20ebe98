#!/bin/sh
# Runs the demo's election, then has its package checked: by the package's own verify.sh (openssl and POSIX utilities only)
# and by uvaudit (every round recounted). Usage: run-demo.sh [ELECTION]; called by `make demo`.
set -eu
cd "$(dirname "$0")/../.."
election=${1:-gnome_26}
out=build/demo
data=tests/vectors/elections
if [ ! -f "$data/$election.blt" ]; then
    echo "make demo: there is no election '$election'; choose one of:" >&2
    for file in "$data"/*.known.json; do name=${file##*/}; echo "  ${name%.known.json}" >&2; done
    exit 2
fi
build/bin/uvdemo --elections "$data" --election "$election" --out "$out"
root=$(openssl x509 -in "$out/root/root.pem" -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)

echo
echo "== verify.sh: openssl and POSIX utilities only"
sh "$out/election/verify.sh" -j "$(nproc)" "$root"
echo
echo "== uvaudit: the whole package again, every round recounted"
build/bin/uvaudit verify "$out/election" --root "$root"

cat <<END

Everything is in $out; the election package is $out/election. Try next:
  cat $out/election/README.txt
  sh $out/election/verify.sh -j 2 $root
  build/bin/uvaudit verify $out/election --root $root
  build/bin/uvaudit verify-receipt $out/sample-receipt.p7m --package $out/election
  build/bin/uvaudit count $out/election/results/board.blt --rules $data/$election.rules.json
  build/bin/uvca list --folder $out/authority
END
