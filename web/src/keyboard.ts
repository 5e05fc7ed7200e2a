// Shortcuts: one key, or two one after the other (`g d`). Pages add theirs; the help lists what holds at the moment.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export interface Shortcut {
  /** What `KeyboardEvent.key` is, for instance `j`, `Escape`, or two of them with a space between. */
  keys: string;
  /** What it does, in the help. */
  does: string;
  run: (event: KeyboardEvent) => void;
}

/** All shortcuts that hold now; of two with the same keys the later one is taken. */
export const shortcuts = signal<readonly Shortcut[]>([]);

const PATIENCE_MS = 1_200;
let first = "";
let firstAt = 0;

/** Add shortcuts until the returned function is called. */
export function addShortcuts(added: readonly Shortcut[]): () => void {
  shortcuts.value = [...shortcuts.peek(), ...added];
  return () => (shortcuts.value = shortcuts.peek().filter((one) => !added.includes(one)));
}

/** Add shortcuts while the component is there. The latest functions are called. */
export function useShortcuts(added: readonly Shortcut[]): void {
  const latest = useRef(added);
  latest.current = added;
  const names = added.map((one) => one.keys).join("|");
  useEffect(
    () =>
      addShortcuts(
        latest.current.map((one, index) => ({ ...one, run: (event) => latest.current[index]?.run(event) })),
      ),
    [names],
  );
}

/** Listen to the keys of the document. */
export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const pair = Date.now() - firstAt < PATIENCE_MS ? `${first} ${event.key}` : "";
    const found = find(pair) ?? find(event.key);
    first = event.key;
    firstAt = Date.now();
    if (!found) return;
    first = "";
    event.preventDefault();
    found.run(event);
  });
}

function find(keys: string): Shortcut | undefined {
  return keys ? shortcuts.peek().findLast((one) => one.keys === keys) : undefined;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
