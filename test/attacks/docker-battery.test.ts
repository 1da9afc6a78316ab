import { closeDockerEngine, lendDockerData, openDockerEngine, returnDockerData } from "../kit/docker-engine.ts";
import { provideTestImages } from "../kit/test-images.ts";
import { describeBattery } from "./describe-battery.ts";

// The same battery on the docker engine. The machine that is attacked has an engine of its own, in its own namespaces, on
// images as the docker tests have them; the attacks are commands, and need no agent's.

describeBattery("docker", {
  enough: 60,
  prepare: async () => {
    const name = await openDockerEngine("sealed");
    try {
      await provideTestImages(name, ["gate", "base"]);
    } catch (error) {
      await closeDockerEngine(name);
      throw error;
    }
    return { data: await lendDockerData(name), close: async () => returnDockerData(name) };
  },
});
