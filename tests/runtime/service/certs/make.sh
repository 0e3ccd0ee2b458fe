#!/bin/sh
# Make the certificates of these tests anew: two authorities, and two servers that the first one vouches for.
# They are valid for a hundred years and vouch for this machine's loopback address only; the keys are not secret.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=$2" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout "$work/$1.key" -out "$1.pem" 2>/dev/null
}
authority authority "Perdure tests"
authority stranger "A stranger to Perdure tests"
server() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
  cat > "$work/$1.ext" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$2
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
END
  openssl x509 -req -in "$work/$1.csr" -CA authority.pem -CAkey "$work/authority.key" -CAcreateserial \
    -CAserial "$work/serial" -days 36500 -extfile "$work/$1.ext" -out "$work/$1.crt" 2>/dev/null
  cat "$work/$1.crt" "$work/$1.key" > "$1.pem"
}
server server DNS:localhost,IP:127.0.0.1
server elsewhere DNS:elsewhere.example
