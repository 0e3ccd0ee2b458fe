#!/bin/sh
# Make the certificates of these tests anew: two authorities, and three servers that the first one vouches for.
# They are valid for a hundred years, but for one that has expired, and vouch for this machine's loopback address only; the keys are not secret.
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
cat > "$work/ca.cnf" <<END
[ca]
default_ca=it
[it]
database=$work/index
serial=$work/serial
new_certs_dir=$work
default_md=sha256
policy=any
unique_subject=no
[any]
commonName=supplied
END
: > "$work/index"
echo 01 > "$work/serial"
server() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
    -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
  cat > "$work/$1.ext" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$3
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
END
  openssl ca -batch -notext -config "$work/ca.cnf" -cert authority.pem -keyfile "$work/authority.key" \
    -startdate 20200101000000Z -enddate "$4" -extfile "$work/$1.ext" -in "$work/$1.csr" -out "$work/$1.crt" 2>/dev/null
  cat "$work/$1.crt" "$work/$1.key" > "$1.pem"
}
LATER=21200101000000Z
server server localhost DNS:localhost,IP:127.0.0.1 "$LATER"
server elsewhere elsewhere.example DNS:elsewhere.example "$LATER"
server expired localhost DNS:localhost,IP:127.0.0.1 20200102000000Z
