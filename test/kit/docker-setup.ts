import type { TestProject } from "vitest/node";
import { closeDockerEngine, dockerEngineAt, openDockerEngine } from "./docker-engine.ts";
import { startNameServer } from "./docker-network.ts";
import { provideTestImages } from "./test-images.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The engine of this test run, for `dockerEngineAt(inject("dockerEngine"))`. */
    dockerEngine: string;
  }
}

/** Once a test run: an engine of its own, with the images and an outside world. Vitest calls what it returns at the end. */
export default async function setUpDocker(project: TestProject): Promise<() => Promise<void>> {
  const name = await openDockerEngine("sealed");
  const engine = dockerEngineAt(name);
  try {
    await provideTestImages(name);
    const names = await startNameServer(engine.outside);
    project.provide("dockerEngine", name);
    return async () => {
      names.disconnect();
      await closeDockerEngine(name);
    };
  } catch (error) {
    await closeDockerEngine(name);
    throw error;
  }
}
