import type Docker from "dockerode";

/** An image that the engine has. */
export interface ImageFacts {
  readonly reference: string;
  readonly id: string;
  readonly bytes: number;
  /** When it was made, ISO 8601. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Environment that the image brings along, `NAME=value`. */
  readonly environment: readonly string[];
}

/** Facts of an image by name or id; undefined when the engine has none such. */
export async function readImage(docker: Docker, reference: string): Promise<ImageFacts | undefined> {
  try {
    const { Id, Size, Created, Config } = await docker.getImage(reference).inspect();
    const labels = Config.Labels ?? {};
    return { reference, id: Id, bytes: Size, createdAt: Created, labels, environment: Config.Env ?? [] };
  } catch (error) {
    // Not found, or no name that an image could have.
    if (isStatus(error, 404) || isStatus(error, 400)) return undefined;
    throw error;
  }
}

function isStatus(error: unknown, status: number): boolean {
  return typeof error === "object" && error !== null && "statusCode" in error && error.statusCode === status;
}
