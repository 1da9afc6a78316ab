#!/bin/sh
# In the `fetch` stage: gets Node and npm from the npm registry, and tells npm where that is and how to sign in.
set -eu
if [ -z "${NPM_REGISTRY:-}" ]; then
  echo 'where do npm packages come from? --build-arg NPM_REGISTRY="$(npm config get registry)"' >&2
  exit 1
fi
registry=${NPM_REGISTRY%/}
umask 077
{
  echo "registry=$registry/"
  echo "update-notifier=false"
  echo "fund=false"
  echo "audit=false"
} >/root/.npmrc
: >/root/.curlrc
# The sign-in is what an Authorization header holds: "Bearer …" or "Basic …".
if [ -n "${NPM_SIGN_IN:-}" ]; then
  place=${registry#*:}/
  case $NPM_SIGN_IN in
    "Bearer "*) echo "$place:_authToken=${NPM_SIGN_IN#* }" ;;
    *) echo "$place:_auth=${NPM_SIGN_IN#* }" ;;
  esac >>/root/.npmrc
  echo "header = \"Authorization: $NPM_SIGN_IN\"" >>/root/.curlrc
fi
# PEM, packed and in base64: an argument has one line of at most 128 KB.
if [ -n "${NPM_CA:-}" ]; then
  { cat /etc/ssl/certs/ca-certificates.crt && printf '%s' "$NPM_CA" | base64 -d | gunzip; } >/root/ca.pem
  echo "cafile=/root/ca.pem" >>/root/.npmrc
  echo "cacert = /root/ca.pem" >>/root/.curlrc
fi
umask 022
get() { # NAME VERSION FOLDER
  mkdir -p "$3"
  curl --fail --silent --show-error --location --retry 3 --max-time 600 -o /package.tgz "$registry/$1/-/$1-$2.tgz"
  tar -xzf /package.tgz --strip-components=1 --no-same-owner -C "$3"
  rm /package.tgz
}
case $(dpkg --print-architecture) in
  amd64) arch=x64 ;;
  arm64) arch=arm64 ;;
  *) echo "no Node for $(dpkg --print-architecture)" >&2 && exit 1 ;;
esac
node=/fetched/node
get "node-linux-$arch" "$NODE_VERSION" /fetched/package
mkdir -p "$node/bin" "$node/lib/node_modules"
mv /fetched/package/bin/node "$node/bin/node"
chmod 0755 "$node/bin/node"
get npm "$NPM_VERSION" "$node/lib/node_modules/npm"
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$node/bin/$name"; done
chmod 0755 "$node"/lib/node_modules/npm/bin/*-cli.js
rm -rf /fetched/package "$node/lib/node_modules/npm/docs" "$node/lib/node_modules/npm/man"
"$node/bin/node" --version
