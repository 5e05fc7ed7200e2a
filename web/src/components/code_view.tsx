// Text to be read closely: JSON, YAML, a raw event. Highlights are text nodes in marks; nothing is parsed as markup.
import { useMemo, useState } from "preact/hooks";

import { count } from "../format";
import { cut } from "../text";
import { CopyButton } from "./copy_button";
import { Pieces } from "./event_text";
import { Icon } from "./icon";

/** A stretch to mark, in UTF-16 units of the text; what overlaps an earlier one is left out. */
export interface Range {
  start: number;
  end: number;
}

interface Props {
  text: string;
  /** What it is, for screen readers and the copy button. */
  label: string;
  language?: "json" | "yaml" | "plain";
  marks?: readonly Range[];
  /** Show so many characters at first. */
  max?: number;
}

/** A text with its own copy button; long ones are cut until the reader asks for all. */
export function CodeView({ text, label, language = "plain", marks = [], max = 20_000 }: Props) {
  const [all, setAll] = useState(false);
  const [wrapped, setWrapped] = useState(true);
  const shown = all ? text : cut(text, max);
  const parts = useMemo(() => split(shown, language, marks), [shown, language, marks]);
  return (
    <div class="code">
      <div class="code-tools">
        <button
          type="button"
          class="button quiet icon"
          aria-pressed={wrapped}
          title="Wrap lines"
          aria-label="Wrap lines"
          onClick={() => setWrapped(!wrapped)}
        >
          <Icon name="wrap" />
        </button>
        <CopyButton text={text} label={label} />
      </div>
      <pre class={wrapped ? undefined : "unwrapped"} tabIndex={0} aria-label={label} role="region">
        {parts.map((part) =>
          part.marked ? (
            <mark>
              <Pieces text={part.text} />
            </mark>
          ) : part.kind ? (
            <span class={`token-${part.kind}`}>
              <Pieces text={part.text} />
            </span>
          ) : (
            <Pieces text={part.text} />
          ),
        )}
      </pre>
      {shown.length < text.length ? (
        <div class="code-more">
          {count(shown.length)} of {count(text.length)} characters.{" "}
          <button type="button" class="link-button" onClick={() => setAll(true)}>
            Show all
          </button>
        </div>
      ) : null}
    </div>
  );
}

interface Part {
  text: string;
  kind?: "key" | "text" | "number" | "word" | "comment";
  marked?: boolean;
}

/** Colouring more than this would make thousands of elements: it stays plain. */
const COLOURED = 60_000;
const JSON_TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|\b(true|false|null)\b/g;
const YAML_TOKEN =
  /(^\s*#.*$|\s#.*$)|(^[ \t-]*[\w.|*$@-]+(?=:(?:\s|$)))|('(?:[^']|'')*'|"(?:[^"\\]|\\.)*")/gm;

function split(text: string, language: "json" | "yaml" | "plain", marks: readonly Range[]): Part[] {
  if (marks.length) return marked(text, marks);
  if (language === "plain" || text.length > COLOURED) return [{ text }];
  return coloured(text, language === "json" ? JSON_TOKEN : YAML_TOKEN, language === "json" ? ofJson : ofYaml);
}

function marked(text: string, marks: readonly Range[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { start, end } of [...marks].sort((one, other) => one.start - other.start)) {
    if (start < at || end <= start || end > text.length) continue;
    if (start > at) parts.push({ text: text.slice(at, start) });
    parts.push({ text: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

function coloured(text: string, token: RegExp, kind: (match: RegExpExecArray) => Part["kind"]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    const own =
      match[1] !== undefined && match[2] !== undefined && token === JSON_TOKEN ? match[1] : match[0];
    parts.push({ text: own, kind: kind(match) });
    if (own.length < match[0].length) parts.push({ text: match[0].slice(own.length) });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

const ofJson = (match: RegExpExecArray): Part["kind"] =>
  match[1] !== undefined ? (match[2] ? "key" : "text") : match[3] !== undefined ? "number" : "word";

const ofYaml = (match: RegExpExecArray): Part["kind"] =>
  match[1] !== undefined ? "comment" : match[2] !== undefined ? "key" : "text";
