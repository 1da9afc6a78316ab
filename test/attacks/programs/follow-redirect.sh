#!/bin/sh
# Asks an allowed site that answers with a redirect to TARGET, and follows it like any client does.
echo ATTACK-STARTED
answer=$(curl -sS -k -L --max-time 30 "https://good.test/redirect?to=$TARGET" 2>&1)
case $answer in
  *"seen $MARKER"*) echo "ATTACK-SUCCEEDED $answer" ;;
  *) echo "ATTACK-BLOCKED $answer" ;;
esac
