#!/bin/sh
# install_test.sh BUILD SOURCE COMPILER SEEDS: installs the build, moves the installed tree elsewhere, and uses it as others
# do: every header alone, a program by CMake's find_package, the same program by pkg-config.
set -eu
build=$1 source=$2 compiler=$3 seeds=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
there() { for path; do [ -e "$path" ] || fail "$path was not installed"; done; }

# A moved tree must work: nothing in it may name the place it was installed to.
cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/moved"
tree=$work/moved
pc=$(find "$tree" -name uvpki.pc)
[ -n "$pc" ] || fail "uvpki.pc was not installed"
library=$(dirname "$(dirname "$pc")")
there "$library/libuvpki.a" "$library/cmake/uvpki/uvpkiConfig.cmake" "$library/cmake/uvpki/uvpkiConfigVersion.cmake" \
    "$tree/include/uvpki/version.h" "$tree/include/uvpki/election/ballot.h" "$tree/share/uvpki/schemas/manifest.json" \
    "$tree/share/doc/uvpki/README.md" "$tree/share/doc/uvpki/formats/eballot.md" "$tree/share/doc/uvpki/LICENSE"
for program in uvca uvote uvtrustee uvaudit; do
    "$tree/bin/$program" --help >/dev/null || fail "the installed $program does not run"
    [ "$("$tree/bin/$program" --version)" = "$program $(PKG_CONFIG_PATH=$library/pkgconfig pkg-config --modversion uvpki)" ] ||
        fail "$program states another version"
done
if grep -rIl -e "$work/first" -e "$source" -e "$build" "$library" "$tree/include"; then fail "these files name a folder of this machine"; fi

# Private headers stay at home.
for private in openssl service x509/native_key.h x509/parsed.h x509/to_be_signed.h cms/signed_message.h threshold/message.h \
    timestamp/token.h election/json_object.h count/transfer.h blind/pss.h; do
    [ ! -e "$tree/include/uvpki/$private" ] || fail "uvpki/$private was installed"
done
if grep -rEn '^# *include *<(openssl|botan|sqlite3|boost)' "$tree/include"; then fail "a header shows a foreign library"; fi

# Every header compiles alone, with nothing but the installed tree.
find "$tree/include" -name '*.h' | sort >"$work/headers"
[ "$(wc -l <"$work/headers")" -ge 40 ] || fail "fewer than 40 headers were installed"
cat >"$work/alone.sh" <<'END'
printf '#include "%s"\n' "$3" | "$1" -std=c++20 -Wall -Wextra -fsyntax-only -I"$2" -x c++ - || echo "$3 does not compile"
END
xargs -P 2 -n 1 sh "$work/alone.sh" "$compiler" "$tree/include" <"$work/headers" >"$work/headers.log" 2>&1
[ ! -s "$work/headers.log" ] || { cat "$work/headers.log"; fail "a header does not compile alone, without a warning"; }

# An outside program, twice.
export PKG_CONFIG_PATH="$library/pkgconfig"
version=$(pkg-config --modversion uvpki)
cmake -S "$source/tests/install/outside" -B "$work/by-cmake" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_CXX_COMPILER="$compiler" \
    -DWANTED_VERSION="${version%.*}" >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; fail "find_package"; }
cmake --build "$work/by-cmake" >"$work/build.log" 2>&1 || { cat "$work/build.log"; fail "the program does not build by CMake"; }
# shellcheck disable=SC2046
"$compiler" -std=c++20 -o "$work/by-pkg-config" "$source/tests/install/outside/main.cpp" $(pkg-config --cflags --libs --static uvpki)
if cmake -S "$source/tests/install/outside" -B "$work/too-new" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_CXX_COMPILER="$compiler" \
    -DWANTED_VERSION=99.0 >/dev/null 2>&1; then fail "version 99.0 was found"; fi

ballot=$seeds/ballot/good-north
printf 'uvpki %s\nballot %s\nstyle north\nrequest of O=Somebody Else, CN=Outside\n' "$version" \
    "$(sha256sum "$ballot" | cut -d' ' -f1)" >"$work/expected"
for program in "$work/by-cmake/outside" "$work/by-pkg-config"; do
    "$program" "$seeds/election" "$ballot" >"$work/said" || fail "$program refuses a good ballot"
    cmp "$work/said" "$work/expected" || { cat "$work/said"; fail "$program says something else"; }
    if "$program" "$seeds/election" "$seeds/ballot/bad-north-trailing" >/dev/null 2>"$work/error"; then fail "$program accepts a bad ballot"; fi
    grep -q '^outside: ' "$work/error" || fail "$program gives no reason"
done

# DESTDIR is put before the prefix, as packagers need it.
DESTDIR=$work/package cmake --install "$build" --prefix /opt/uvpki >/dev/null
there "$work/package/opt/uvpki/bin/uvca" "$work/package/opt/uvpki/include/uvpki/error.h"
[ "$(ls "$work/package")" = opt ] || fail "something was installed outside of the prefix"
echo "installed, moved and used: version $version, $(wc -l <"$work/headers") headers"
