#!/bin/sh
# Rotates the session keys in the Secret $SECRET. Its file holds, line by line, the key that seals, the one that
# will, and the one that did: each run moves the second to the front. So a key has been known to every
# instance for a whole period before it seals, and opens for a whole period after.
set -eu
field='{.data.session-key}'
keys=$(kubectl get secret "$SECRET" -o "jsonpath=$field" | base64 -d | sed -e 's/[[:space:]]//g' -e '/^#/d' -e '/^$/d')
[ -n "$keys" ] || { echo "the Secret $SECRET has no session-key" >&2; exit 1; }
sealing=$(printf '%s\n' "$keys" | sed -n 1p)
next=$(printf '%s\n' "$keys" | sed -n 2p)
fresh=$(head -c 32 /dev/urandom | base64 | tr -d '\n')
if [ -n "$next" ]; then
    keys=$(printf '%s\n%s\n%s' "$next" "$fresh" "$sealing")
else
    keys=$(printf '%s\n%s' "$sealing" "$fresh")
fi
# By way of stdin: arguments can be read by others.
printf '{"data":{"session-key":"%s"}}' "$(printf '%s\n' "$keys" | base64 | tr -d '\n')" |
    kubectl patch secret "$SECRET" --type merge --patch-file /dev/stdin
