#!/bin/sh
# The commands of docs/authority.md, in order, in an empty folder. Usage: authority_page_test.sh PAGE PROGRAMS
set -eu
page=$1
PATH=$2:$PATH
export PATH
unset UVCA_FOLDER UVCA_PASSWORD_FILE UVCA_ACTOR UVCA_ROOT_FOLDER
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$page" > "$folder/commands.sh"
[ "$(grep -c '^uvca ' "$folder/commands.sh")" -ge 30 ] || { echo "$page: the commands were not found" >&2; exit 1; }
mkdir "$folder/empty"
cd "$folder/empty"
sh -eu ../commands.sh > ../log 2>&1 || { cat ../log; exit 1; }
