/** What `caisson init` gives: a manifest in which everything is explained and nothing is switched on. */
export const manifestTemplate = `# A manifest of Caisson: which agents there are, and what a sandbox may reach.
# It counts whole when it is yours: ~/.config/caisson/caisson.yaml, or caisson run --manifest FILE. A caisson.yaml in a
# repository may bring agents; the rest of it counts after caisson policy trust.
#   caisson policy check FILE      is it well-formed?
#   caisson policy explain         what does it come to, and where does each value come from?

# Agents: a provider (caisson agents ls) and instructions. Run one: caisson run reviewer "look at the last commit"
agents: {}
#  reviewer:
#    provider: claude-code
#    model: claude-sonnet-4-5
#    instructions: |
#      Review; change nothing.
#    skills: [./skills/review]          # folders with a SKILL.md
#    sandbox: web                       # the rules that it works under, beside those at the top of this file
#    label: Reviewer                    # shown in caisson ls and in the terminal's title; color: green, too
#  linter:
#    provider: command
#    command: [npm, run, lint]
#  other:
#    provider: acp                      # any agent that speaks the Agent Client Protocol: caisson run --session other
#    command: [other-agent, acp]        # what it may reach, and with which credential, is said below

# Sandboxes: named rules; any key below, and what they extend (docs/manifest.md). Pick one: caisson run --sandbox web ...
sandboxes: {}
#  base: { limits: { memory: 2g }, routes: [{ preset: npm }] }
#  web: { extends: base, ports: [3000], git: { user: { name: Bot, email: bot@acme.example } } }
#  offline: { routes: [] }              # an explicit empty list takes away what is weaker

# The way out. Nothing is allowed that is not here; the first route that matches decides. The hosts of an agent's own
# model are allowed without being named.
routes: []
#  - preset: npm                         # the registry that npm on this machine is set up for; also pypi, apt, go, github
#  - host: docs.acme.example             # every path, every method, https on port 443
#  - host: "*.acme.example"              # every name below it, not itself
#    ports: [443, 8443]
#    methods: [GET, HEAD]
#    paths: [/api/v2, /files/*/raw]      # that path and all below it; with *: a pattern, ** is any number of segments
#  - host: api.acme.example
#    credential:                         # injected by the gate; the agent only ever holds a placeholder
#      name: acme
#      inject: [{ as: bearer }]          # or basic, or { as: header, name: X-Key }, or { as: query, name: key }
#  - host: git.internal.example
#    allowAddresses: [10.0.0.0/8]        # private addresses are refused unless a route says so

# Where credentials come from; values are never written here.
credentials: {}
#  acme: { env: ACME_TOKEN }
#  other: { file: ~/.config/other/token }
#  mine: { kept: acme }                   # caisson credentials set acme
#  short-lived: { command: [acme, print-token], refreshSeconds: 600 }

# Model gateways of your own, in the place of a provider's host.
providers: {}
#  claude-code: { upstream: "https://models.acme.example" }

# Where sandboxes are made: local (bubblewrap) or docker. When nothing is said: docker, if it answers and has the images.
#engine: local
#image: acme-agent:1                    # the agent's image on docker, in place of its provider's; any with a shell

# Limits of each sandbox; these are the defaults.
limits: {}
#  cpus: 2
#  memory: 4g
#  processes: 512
#  disk: 10g
#  timeout: 4h
#  idle: 1h                             # of a session in which nothing goes on

# Variables of the agent: a literal, one of yours, or one that is asked for at launch. No secrets: see credentials.
environment: {}
#  CI: "1"
#  EDITOR: { host: EDITOR }
#  TICKET: { ask: "Which ticket is this for?" }

# Ports inside that are reachable on this machine: HOSTPORT:PORT, on its loopback alone. 0 is any free port.
ports: []
#  - 8080:3000

# Containers beside the agent, with --engine docker: it starts when they are healthy, and reaches them by their names.
services: {}
#  db:
#    image: postgres:17
#    environment: { POSTGRES_PASSWORD: local-only }   # literals, written to files: no secrets
#    health: { test: [pg_isready, -U, postgres], interval: 1s, timeout: 3s, retries: 30 }
#    memory: 1g

# Further folders. Read-only unless writable is true.
mounts: []
#  - { source: ~/datasets, target: /data }
`;
