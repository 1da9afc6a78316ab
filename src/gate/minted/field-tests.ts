/** Whether a place in an answer holds a secret: the names on the way to it, with `[]` for each list. */
export type FieldTest = (path: readonly string[]) => boolean;

/** What token endpoints, registries and LFS servers call their secrets. */
export const usualFields: readonly string[] = [
  "access_token",
  "refresh_token",
  "id_token",
  "identity_token",
  "identitytoken",
  "token",
  "session_token",
  "authorization",
  "device_code",
  "client_secret",
  "password",
  "secret",
  // Signed addresses of LFS.
  "objects[].actions.*.href",
];

/**
 * Tests from a manifest's words. A bare name is that field at any depth, in any case; a path is read from the top: `*` is any one
 * name, `[]` any element (`objects[].actions.*.header.Authorization`).
 */
export function compileFields(fields: readonly string[]): readonly FieldTest[] {
  return (fields.length === 0 ? usualFields : fields).map((field) => {
    if (!/[.[\]*]/.test(field)) {
      const name = field.toLowerCase();
      return (path) => path.findLast((step) => step !== "[]")?.toLowerCase() === name;
    }
    const steps = field
      .replaceAll("[]", ".[]")
      .split(".")
      .filter((step) => step !== "");
    return (path) =>
      path.length === steps.length &&
      steps.every((step, at) => step === path[at] || (step === "*" && path[at] !== "[]"));
  });
}
