#!/bin/sh
# Installs the Debian 12 packages that U-Vote PKI is built and tested with. Safe to run again; does nothing when all are there.
# Usage: sh setup.sh [build|test|ci|bench]   (default: build; test includes build; ci and bench include test)
set -eu

build="g++ cmake ninja-build make pkg-config ccache git ca-certificates
       libssl-dev openssl libbotan-2-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev libfmt-dev"
test="doctest-dev doxygen faketime dash mawk gawk python3 procps"
ci="clang clang-format clang-tidy libclang-rt-14-dev"
bench="belenios-tool golang-cfssl"

kind=${1:-build}
case $kind in
    build) wanted=$build ;;
    test) wanted="$build $test" ;;
    ci) wanted="$build $test $ci" ;;
    bench) wanted="$build $test $bench" ;;
    *) echo "setup.sh: unknown kind '$kind': use build, test, ci or bench" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    [ "$status" = "ii " ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "setup: installing$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1; then as_root=sudo
    else echo "setup.sh: these packages are missing and root is needed to install them:$missing" >&2; exit 2; fi
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
