// Small labels. A level is told by its name and its shape; the colour only helps.
import type { ComponentChildren } from "preact";

import type { Level } from "../api/types";

export type Tone = "plain" | "accent" | "good" | Level;

/** A short label; a link when it has an address. */
export function Badge({
  tone = "plain",
  href,
  title,
  children,
}: {
  tone?: Tone;
  href?: string;
  title?: string;
  children: ComponentChildren;
}) {
  const classes = `tag ${tone}`;
  return href ? (
    <a class={classes} href={href} title={title}>
      {children}
    </a>
  ) : (
    <span class={classes} title={title}>
      {children}
    </span>
  );
}

const SHAPES: Record<Level, string> = {
  critical: "M0 0h8v8H0z",
  high: "M4 0l4 8H0z",
  medium: "M4 0l4 4-4 4-4-4z",
  low: "M4 0a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  informational: "M0 3h8v2H0z",
};

/** The mark of a level: each has a shape of its own. */
export function LevelMark({ level }: { level: Level }) {
  return (
    <svg class="level-mark" viewBox="0 0 8 8" aria-hidden="true">
      <path class={`${level}-fill`} d={SHAPES[level]} />
    </svg>
  );
}

/** A level by its name. */
export function LevelTag({ level }: { level: Level }) {
  return (
    <span class={`tag ${level}`}>
      <LevelMark level={level} />
      {level}
    </span>
  );
}

/** A dot for a state, with the state's name beside it or for screen readers only. */
export function Dot({ state, label }: { state: "good" | "bad" | "busy" | "off"; label?: string }) {
  return (
    <>
      <span class={`dot ${state}`} aria-hidden="true" />
      {label ? <span class="unseen">{label}</span> : null}
    </>
  );
}
