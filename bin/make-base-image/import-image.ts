import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/** Makes an image of one layer from a tar of a file system; gives the image's id. */
export async function importImage(
  docker: Docker,
  { archive, name }: { readonly archive: NodeJS.ReadableStream; readonly name: string },
): Promise<string> {
  const [repo = name, tag = "latest"] = name.split(/:(?=[^/]*$)/);
  // As a shell would name the program of a Debian: without it an image cannot be started by its name alone.
  const changes = ['CMD ["bash"]'];
  const answer = await docker.importImage(archive, { repo, tag, changes });
  const said = await text(answer as NodeJS.ReadableStream as never);
  const { Id } = await docker
    .getImage(name)
    .inspect()
    .catch((cause: unknown) => Promise.reject(new Error(`the engine did not import: ${said}`, { cause })));
  return Id;
}
