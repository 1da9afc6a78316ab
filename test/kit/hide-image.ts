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

/**
 * Gives images their names back that a killed test had hidden. What it had built under such a name goes: it says that it is
 * today's, and may hold programs that only pretend.
 */
export async function showHiddenImages(docker: Docker): Promise<void> {
  const images = await docker.listImages();
  const named = images.flatMap(({ Id, RepoTags }) => (RepoTags ?? []).map((name) => ({ id: Id, name })));
  const hidden = named.flatMap(({ id, name }) => {
    const [, target, tag] = /^hidden-([a-z-]+):(.+)$/.exec(name) ?? [];
    return target === undefined || tag === undefined ? [] : [{ id, name, repository: `caisson-${target}`, tag }];
  });
  for (const { id, name } of named) {
    const [repository] = name.split(":");
    const own = hidden.filter((one) => one.repository === repository);
    if (own.length > 0 && !own.some((one) => one.id === id)) await docker.getImage(name).remove({ force: true });
  }
  for (const { name, repository, tag } of hidden) {
    await docker.getImage(name).tag({ repo: repository, tag });
    await docker.getImage(name).remove({ force: true });
  }
}

async function namesOf(docker: Docker, repository: string): Promise<readonly string[]> {
  const images = await docker.listImages();
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(`${repository}:`));
}
