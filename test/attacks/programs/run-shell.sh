#!/bin/sh
# Runs SCRIPT; it has succeeded when the script's last command did.
echo ATTACK-STARTED
if text=$(sh -ec "$SCRIPT" 2>&1); then echo "ATTACK-SUCCEEDED $text"; else echo "ATTACK-BLOCKED $text"; fi
