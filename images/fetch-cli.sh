#!/bin/sh
# In a `fetch-…` stage: installs one agent CLI from npm below /fetched/FOLDER, and asks it for its version.
#   fetch-cli.sh FOLDER PACKAGE@VERSION PROGRAM
set -eu
folder=/fetched/$1
mkdir -p "$folder"
npm install --global --prefix "$folder" --no-update-notifier --allow-scripts="$2" "$2"
rm -rf /root/.npm
HOME=/tmp "$folder/bin/$3" --version
