#!/bin/sh
# Fuzzes the readers of untrusted bytes with libFuzzer under address and undefined-behaviour sanitizers.
# Usage: sh tests/fuzz/run.sh [SECONDS [TARGET...]]   (default: 60 seconds for each target, as many at once as there are cores)
# New inputs that reach new code are kept in build/fuzz/work, what breaks a rule in build/fuzz/found; exit 1 if there is any.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
jobs=${JOBS:-$(nproc)}
programs=build/fuzz/tests/fuzz

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs" --target fuzz_programs
mkdir -p build/fuzz/work build/fuzz/found build/fuzz/logs
rm -f build/fuzz/found/*

dictionary() {
    case $1 in
        ballot|ballot_token|certificate|chain|crl|der_reader|envelope|key|ocsp*|request|signed_data|timestamp_*) echo der ;;
        json_schema) echo json_schema ;;
        ceremony|claim|cvr*|json|manifest|plaintext|receipt|roll) echo json ;;
        blt|soi) echo blt ;;
        checkpoint) echo note ;;
        *csv*) echo csv ;;
        *) echo text ;;
    esac
}

# One target: TARGET FOLDER...
fuzz_one() {
    target=$1
    shift
    mkdir -p "build/fuzz/work/$target"
    folders=
    for folder; do [ ! -d "$folder" ] || folders="$folders $folder"; done
    # shellcheck disable=SC2086
    if "$programs/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
        -dict="tests/fuzz/dictionaries/$(dictionary "$target").dict" -artifact_prefix="build/fuzz/found/$target-" \
        "build/fuzz/work/$target" $folders >"build/fuzz/logs/$target.log" 2>&1; then
        printf '%-20s %s runs, %s\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: //p' "build/fuzz/logs/$target.log")" \
            "$(sed -n 's/.* \(cov: [0-9]*\).*/\1/p' "build/fuzz/logs/$target.log" | tail -1)"
    else
        printf '%-20s FAILED: build/fuzz/logs/%s.log\n' "$target" "$target"
        grep -E -m5 'ERROR|what\(\)|SUMMARY|runtime error' "build/fuzz/logs/$target.log" || tail -5 "build/fuzz/logs/$target.log"
        touch "build/fuzz/found/$target-failed"
    fi
}

# The targets are dealt out to `jobs` loops that run side by side.
wanted=" $* "
loop() {
    number=0
    while read -r target folders; do
        [ "$wanted" = "  " ] || case $wanted in *" $target "*) ;; *) continue ;; esac
        number=$((number + 1))
        # shellcheck disable=SC2086
        [ $((number % jobs)) -ne "$1" ] || fuzz_one "$target" $folders
    done <"$programs/targets.txt"
}
lane=0
while [ "$lane" -lt "$jobs" ]; do
    loop "$lane" &
    lane=$((lane + 1))
done
wait
[ -z "$(ls build/fuzz/found)" ] || { echo "fuzz: inputs that break a rule are in build/fuzz/found"; exit 1; }
echo "fuzz: nothing found"
