import type Docker from "dockerode";

/**
 * Has the tests' engine know nothing of a target's image until the result is disposed of: its names are taken away, and
 * what came to have them meanwhile goes. A test that was killed in between costs the next run a retagging, not a build:
 * the image keeps a name of the tests' own.
 */
export async function hideImage(docker: Docker, target: string): Promise<AsyncDisposable> {
  const repository = `caisson-${target}`;
  const names = await namesOf(docker, repository);
  const hidden = new Map<string, string>();
  for (const name of names) {
    const tag = name.slice(repository.length + 1);
    await docker.getImage(name).tag({ repo: `hidden-${target}`, tag });
    hidden.set(tag, `hidden-${target}:${tag}`);
  }
  for (const name of names) await docker.getImage(name).remove({ force: true });
  return {
    async [Symbol.asyncDispose]() {
      for (const name of await namesOf(docker, repository)) await docker.getImage(name).remove({ force: true });
      for (const [tag, name] of hidden) {
        await docker.getImage(name).tag({ repo: repository, tag });
        await docker.getImage(name).remove({ force: true });
      }
    },
  };
}

async function namesOf(docker: Docker, repository: string): Promise<readonly string[]> {
  const images = await docker.listImages();
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(`${repository}:`));
}
