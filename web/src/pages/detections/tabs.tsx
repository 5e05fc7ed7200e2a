// Parts of one thing of which one is shown; arrow keys go from one to the next.
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

interface Props<Key extends string> {
  tabs: readonly (readonly [Key, string])[];
  chosen: Key;
  onChoose: (key: Key) => void;
  label: string;
  children: ComponentChildren;
}

/** A row of tabs and the panel of the one that is chosen. */
export function Tabs<Key extends string>({ tabs, chosen, onChoose, label, children }: Props<Key>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const go = (step: number): void => {
    const at = tabs.findIndex(([key]) => key === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next[0]);
    list.current?.querySelector<HTMLElement>(`[data-key="${next[0]}"]`)?.focus();
  };
  return (
    <div class="tabs">
      <div
        class="tab-list"
        role="tablist"
        aria-label={label}
        ref={list}
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(1);
          if (event.key === "ArrowLeft") go(-1);
        }}
      >
        {tabs.map(([key, words]) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${id}-${key}`}
            data-key={key}
            aria-selected={key === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={key === chosen ? 0 : -1}
            onClick={() => onChoose(key)}
          >
            {words}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`} class="tab-panel">
        {children}
      </div>
    </div>
  );
}
