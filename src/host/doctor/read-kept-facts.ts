import { Failure } from "../../base/failure.ts";
import { type KeptHost, openKeptStore } from "../credential/kept/kept-store.ts";
import type { KeptFacts } from "./machine-facts.ts";

/** What is kept, and whether it can be opened: one is really opened, its value is dropped. */
export async function readKeptFacts(host: KeptHost): Promise<KeptFacts> {
  const store = openKeptStore(host);
  const heads = store.list();
  const logins = heads.flatMap((head) => {
    if (!("kind" in head) || head.kind !== "login") return [];
    const trouble = head.ended ?? head.failed?.reason;
    return [{ provider: head.provider ?? head.name, ...(trouble !== undefined && { trouble }) }];
  });
  const names = heads.map(({ name }) => name);
  try {
    const [first] = names;
    if (first !== undefined) await store.read(first);
    const sealedBy = store.sealedBy();
    return { names, logins, ...(sealedBy !== undefined && { sealedBy }) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { names, logins, problem: error.message };
  }
}
