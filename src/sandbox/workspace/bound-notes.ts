import type { GuardNote } from "./guard-plan.ts";

/** More than a person reads: an agent can give cause for any number. Of one path, so that it hides nothing of the others. */
const maxOfPath = 100;
const maxNotes = 2000;

/** Passes notes on, each once and up to a bound; says once that there was more. `known` are those that were told before. */
export function boundNotes(
  tell: (note: GuardNote) => void,
  known: Iterable<GuardNote> = [],
): (note: GuardNote) => void {
  const told = new Set<string>();
  const ofPath = new Map<string, number>();
  const count = (note: GuardNote): number => {
    told.add(keyOf(note));
    const number = (ofPath.get(note.path) ?? 0) + 1;
    ofPath.set(note.path, number);
    return number;
  };
  for (const note of known) count(note);
  return (note) => {
    if (told.size > maxNotes || (ofPath.get(note.path) ?? 0) > maxOfPath || told.has(keyOf(note))) return;
    const number = count(note);
    if (told.size > maxNotes) tell({ path: ".", action: "noticed", detail: more(maxNotes) });
    else tell(number > maxOfPath ? { path: note.path, action: "noticed", detail: more(maxOfPath) } : note);
  };
}

const more = (count: number) => `more than ${count} notes: the rest is not told`;
const keyOf = ({ path, action, detail }: GuardNote): string => JSON.stringify([path, action, detail]);
