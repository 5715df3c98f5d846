#!/bin/sh
# Check the test vectors, or envelopes, by hand: openssl 3 and the usual small tools, nothing of edge-agent.
#   ./verify.sh [FOLDER]               the vectors: every good one, every bad one that the signature can tell
#   ./verify.sh FOLDER FILE...         these envelopes, with the keys in FOLDER/keys
# Checks the envelope (one payload, one type, signatures), base64, and that a key that may speak for the type
# made one of the signatures. What the payload says (checks "json" and "form") is for verify.mjs.
set -eu
folder=${1:-vectors}
[ $# -gt 0 ] && shift
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
B64='[A-Za-z0-9+/_-]*=*'

# The bytes of base64 text in either alphabet, and only if it is their one encoding.
decode() {
  printf %s "$1" | tr -- '-_' '+/' > "$work/text"
  base64 -d < "$work/text" > "$2" 2>/dev/null && [ "$(base64 -w0 < "$2")" = "$(cat "$work/text")" ]
}

# Ed25519 signs the message, the others its hash.
signed() {
  case $(openssl pkey -pubin -in "$1" -noout -text) in
    ED25519*) openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$work/pae" -sigfile "$work/sig" ;;
    *) openssl dgst -sha256 -verify "$1" -signature "$work/sig" "$work/pae" ;;
  esac > /dev/null 2>&1
}

# Says nothing and succeeds, or says which check failed.
verify() {
  # One payload, one type, one list: other spellings are legal JSON, and none of ours.
  grep -qzxE "\{\"payload\":\"[^\"]*\",\"payloadType\":\"[^\"]*\",\"signatures\":\[(\{[^{}]*\},?)+\]\}[[:space:]]?" "$1" || { echo envelope; return 1; }
  payload=$(sed -E 's/.*"payload":"([^"]*)".*/\1/' "$1")
  type=$(sed -E 's/.*"payloadType":"([^"]*)".*/\1/' "$1")
  decode "$payload" "$work/payload" || { echo base64; return 1; }
  { printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(stat -c %s "$work/payload")"; cat "$work/payload"; } > "$work/pae"
  # What is in the folder commands/ may come from command keys alone.
  case $1 in */commands/*) trusted='command*.pem' ;; *) trusted='*.pem' ;; esac
  signers=
  for sig in $(grep -oE "\"sig\":\"$B64\"" "$1" | cut -d'"' -f4); do
    decode "$sig" "$work/sig" || { echo base64; return 1; }
    for key in "$folder"/keys/$trusted; do
      if signed "$key"; then signers="$signers $(basename "$key" .pem)"; fi
    done
  done
  [ -n "$signers" ] || { echo signature; return 1; }
  # A key speaks for one type: keys/evidence.pem and keys/evidence-next.pem for ...evidence.v1+json, and so on.
  for signer in $signers; do
    if [ "$type" = "application/vnd.edge-agent.${signer%%-*}.v1+json" ]; then return 0; fi
  done
  echo type
  return 1
}

wrong=0
say() { echo "$1 $2"; case $1 in WRONG* | BAD*) wrong=1 ;; esac }

if [ $# -gt 0 ]; then
  for file in "$@"; do
    if why=$(verify "$file"); then
      say "good $(sha256sum < "$work/payload" | cut -c1-64)" "$file"
    else
      say "BAD $why" "$file"
    fi
  done
  exit $wrong
fi

# index.json has one entry a few lines: file and digest of the good ones, file and check of the bad ones.
sed -nE 's/^ *"file": "(.*)",$/\1/p; s/^ *"(payload_sha256|check)": "(.*)",?$/\2/p' "$folder/index.json" |
  paste -d' ' - - > "$work/index"
while read -r file expected; do
  case $file in
    */good/* | good/*)
      if why=$(verify "$folder/$file") && [ "$(sha256sum < "$work/payload" | cut -c1-64)" = "$expected" ]; then
        say "as it should be: good" "$file"
      else
        say "WRONG: ${why:-digest}" "$file"
      fi ;;
    *)
      case $expected in envelope | base64 | signature | type) ;; *) continue ;; esac
      if why=$(verify "$folder/$file"); then
        say "WRONG: accepted" "$file"
      elif [ "$why" = "$expected" ]; then
        say "as it should be: $why" "$file"
      else
        say "WRONG: refused by $why, not by $expected" "$file"
      fi ;;
  esac
done < "$work/index"
exit $wrong
