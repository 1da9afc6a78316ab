import type { DoctorRow } from "./doctor-row.ts";
import type { MachineFacts } from "./machine-facts.ts";

const seals = {
  passphrase: "sealed by your passphrase",
  keyring: "sealed by a key in your keyring",
  file: "sealed by a key file beside it (docs/credentials.md says what that is worth)",
} as const;

/** How the kept credentials stand: names only. Nothing kept is nothing to say. */
export function diagnoseKept({ kept }: MachineFacts): readonly DoctorRow[] {
  if (kept === undefined || kept.names.length === 0) return [];
  const row = { name: "credentials", isNeeded: false };
  const names = `kept: ${kept.names.join(", ")}`;
  if (kept.problem !== undefined) {
    const hint = "export CAISSON_PASSPHRASE=…, or run it in the session whose keyring has the key";
    return [{ ...row, state: "not ready", detail: `${names} · ${kept.problem}`, hint }];
  }
  const detail = [names, ...(kept.sealedBy ? [seals[kept.sealedBy]] : [])].join(" · ");
  const troubled = kept.logins.find(({ trouble }) => trouble !== undefined);
  if (!troubled) return [{ ...row, state: "ready", detail }];
  const { provider, trouble } = troubled;
  return [
    {
      ...row,
      state: "not ready",
      detail: `${detail} · login of ${provider}: ${trouble}`,
      hint: `caisson login ${provider}`,
    },
  ];
}
