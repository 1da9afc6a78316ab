import { makeRoute, nothing, type Preset } from "./preset.ts";

const read = ["GET", "HEAD"];

/** `github`: pages, archives, raw files, the REST API and `git fetch`, read-only and signed in as nobody. No push. */
export const githubPreset: Preset = () => ({
  ...nothing,
  routes: [
    // git fetch asks by POST; a push asks at .../git-receive-pack, which no route allows.
    makeRoute({
      name: "github-fetch",
      host: "github.com",
      methods: ["POST"],
      paths: [{ pattern: "/*/*/git-upload-pack" }],
    }),
    makeRoute({ name: "github", host: "github.com", methods: read }),
    makeRoute({ name: "github-api", host: "api.github.com", methods: read }),
    makeRoute({ name: "github-codeload", host: "codeload.github.com", methods: read }),
    makeRoute({ name: "github-content", host: "*.githubusercontent.com", methods: read }),
  ],
});
