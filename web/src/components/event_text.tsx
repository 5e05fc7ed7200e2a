// Text that came from events: always text nodes, never markup; what cannot be seen is shown by its name.
import { useState } from "preact/hooks";

import { count } from "../format";
import { cut, pieces } from "../text";

interface Props {
  value: string;
  /** Show so many characters at first, and a button for the rest. */
  max?: number;
  /** On one line, cut by the room there is. */
  oneLine?: boolean;
  mono?: boolean;
}

/** A value of an event. Long ones are cut until the reader asks for all of it. */
export function EventText({ value, max = 400, oneLine = false, mono = false }: Props) {
  const [all, setAll] = useState(false);
  const shown = all ? value : cut(value, max);
  const classes = ["value", oneLine ? "one-line" : "", mono ? "mono" : ""].filter(Boolean).join(" ");
  return (
    <>
      <bdi class={classes} title={oneLine && value.length <= 400 ? plain(value) : undefined}>
        <Pieces text={shown} />
        {oneLine && shown.length < value.length ? "…" : null}
      </bdi>
      {!oneLine && shown.length < value.length ? (
        <>
          {"… "}
          <button type="button" class="link-button" onClick={() => setAll(true)}>
            show all {count(value.length)} characters
          </button>
        </>
      ) : null}
    </>
  );
}

/** A text node per stretch that can be shown as it is, and a mark for each character that cannot. */
export function Pieces({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece) =>
        piece.name ? (
          <span class="control" title={piece.name}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

function plain(value: string): string {
  return pieces(value)
    .map((piece) => piece.text)
    .join("");
}
