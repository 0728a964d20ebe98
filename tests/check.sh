#!/bin/sh
# The local gate: formatting of changed files, include rules, build, tests, clang-tidy on changed sources.
set -eu
cd "$(dirname "$0")/.."
sh setup.sh ci
changed=$(git diff --name-only --diff-filter=d "${BASE:-HEAD}" -- '*.cpp' '*.h'; git ls-files -o --exclude-standard -- '*.cpp' '*.h')
if [ -n "$changed" ]; then
    # shellcheck disable=SC2086
    clang-format --dry-run --Werror $changed
fi
python3 tests/include_rules.py
make test
sources=$(printf '%s\n' "$changed" | grep '\.cpp$' || true)
if [ -n "$sources" ]; then
    # shellcheck disable=SC2086
    clang-tidy -p build/release --quiet $sources
fi
echo "check: all good"
