#!/bin/sh
# Makes a Belenios election with one trustee and one question of three answers, and casts COUNT ballots in it.
# Usage: sh belenios.sh FOLDER COUNT   FOLDER/empty holds the election before, FOLDER/full after the casting.
set -eu
folder=$1
count=$2
group=BELENIOS-2048
export BELENIOS_USE_URANDOM=1

mkdir -p "$folder/full"
cd "$folder/full"
uuid=$(belenios-tool setup generate-token)
awk -v n="$count" 'BEGIN { for (i = 1; i <= n; i++) printf "voter%d@example.com,voter%d,1\n", i, i }' >voters.txt
belenios-tool setup generate-credentials --uuid "$uuid" --group $group --file voters.txt >/dev/null
mv ./*.pubcreds public_creds.json
mv ./*.privcreds ../credentials.txt
belenios-tool setup generate-trustee-key --group $group >/dev/null
cat ./*.pubkey >public_keys.jsons
belenios-tool setup make-trustees
rm public_keys.jsons
cat >questions.json <<'EOF'
{"description":"Bench","name":"Bench","administrator":"A","credential_authority":"B",
 "questions":[{"question":"Which?","answers":["A","B","C"],"blank":false,"min":1,"max":1}]}
EOF
belenios-tool setup make-election --uuid "$uuid" --group $group --template questions.json
belenios-tool archive init
rm -f election.json trustees.json public_creds.json
cp -R . ../empty

echo '[[0,1,0]]' >../vote.json
while read -r _ credential; do
    echo "$credential" >../credential
    belenios-tool election generate-ballot --privcred ../credential --ballot ../vote.json >../ballot.json
    belenios-tool archive add-event --type=Ballot <../ballot.json
done <../credentials.txt
