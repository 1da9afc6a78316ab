#!/bin/sh
# Not an attack by itself: says where the host would be on the agent's network, one below the gate.
awk '$2 == "gate" { n = split($1, part, "."); print part[1] "." part[2] "." part[3] "." part[n] - 1; exit }' /etc/hosts
