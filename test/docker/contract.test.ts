import { inject } from "vitest";
import { launchDockerBox, openDockerWorld } from "../kit/docker-sandbox.ts";
import { describeSandbox } from "../kit/sandbox-contract.ts";

const world = await openDockerWorld(inject("dockerEngine"));

describeSandbox("docker", (changes) => launchDockerBox(world, changes));
