import { describe, expect, it } from "vitest";
import { Failure } from "../../base/failure.ts";
import { chooseEngine, type DockerOffer } from "./choose-engine.ts";

const image = { reference: "caisson-pi", id: "sha256:1", bytes: 1, createdAt: "", labels: {}, environment: [] };
const choice = {
  address: "unix:///d",
  agentImage: image,
  gateImage: image,
  serviceImages: {},
  user: { uid: 1, gid: 1 },
  runtime: {},
};
const ready: DockerOffer = { isReady: true, ...choice };
const failure = new Failure("docker_absent", { message: "no", hint: "", status: 503, exit: 4 }, {});
const absent: DockerOffer = { isReady: false, reason: "docker is not here", failure };
const never = () => Promise.reject(new Error("looked at docker"));

describe("chooseEngine()", () => {
  it("takes docker where it is ready, else local, and says why", async () => {
    const taken = { engine: "docker", docker: choice, why: "it answers and has the images" };
    expect(await chooseEngine(undefined, async () => ready)).toEqual(taken);
    expect(await chooseEngine(undefined, async () => absent)).toEqual({ engine: "local", why: "docker is not here" });
  });

  it("does not look at docker when local was asked for", async () => {
    expect(await chooseEngine({ engine: "local", from: "--engine" }, never)).toEqual({ engine: "local" });
  });

  it("never takes another engine than the one that was asked for", async () => {
    const wish = { engine: "docker", from: "CAISSON_ENGINE" } as const;
    expect(await chooseEngine(wish, async () => ready)).toEqual({ engine: "docker", docker: choice });
    await expect(chooseEngine(wish, async () => absent)).rejects.toBe(failure);
  });
});
