// Names of tactics and techniques, asked for once: the address has only their ids.
import { get } from "../../api/client";

interface Named {
  id: string;
  name: string;
}

interface Names {
  tactics: Named[];
  names: ReadonlyMap<string, string>;
}

interface Matrix {
  tactics: (Named & { techniques: (Named & { subtechniques?: Named[] })[] })[];
}

let asked: Promise<Names> | null = null;

/** Return the names of the catalogue's version. */
export function attackNames(): Promise<Names> {
  asked ??= ask().catch((failure: unknown) => {
    asked = null; // so that it is asked again
    throw failure;
  });
  return asked;
}

async function ask(): Promise<Names> {
  const { tactics } = await get<Matrix>("/api/attack");
  const names = new Map<string, string>();
  for (const tactic of tactics) {
    names.set(tactic.id, tactic.name);
    for (const technique of tactic.techniques) {
      for (const one of [technique, ...(technique.subtechniques ?? [])]) names.set(one.id, one.name);
    }
  }
  return { tactics: tactics.map(({ id, name }) => ({ id, name })), names };
}
