// A value in full: JSON over lines or as it was sent, bytes as a hex dump.
import { useMemo, useState } from "preact/hooks";

import { CodeView } from "../../components/code_view";
import { Choices } from "../../components/filter_bar";
import { bytes } from "../../format";
import { hexDump } from "../../hex";
import { laidOut } from "../../json_layout";

interface Props {
  value: string | null;
  encoding: "utf-8" | "base64";
  value_bytes: number;
  truncated?: boolean;
}

export function Value({ value, encoding, value_bytes: size, truncated = false }: Props) {
  const [view, setView] = useState<"lines" | "sent">("lines");
  const lines = useMemo(() => (value && encoding === "utf-8" ? laidOut(value) : null), [value, encoding]);
  if (value === null)
    return <p class="muted">Null: with a key, such a record takes away what was there before.</p>;
  return (
    <div class="stack">
      {truncated ? <p class="muted">The begin of it: the whole value has {bytes(size)}.</p> : null}
      {lines !== null ? (
        <div class="row">
          <Choices
            label="How it is shown"
            value={view}
            options={[
              { value: "lines", label: "Over lines" },
              { value: "sent", label: "As it was sent" },
            ]}
            onChoose={setView}
          />
        </div>
      ) : null}
      {encoding === "base64" ? (
        <CodeView text={hexDump(value)} label="the bytes" />
      ) : lines !== null && view === "lines" ? (
        <CodeView text={lines} label="the value" language="json" />
      ) : (
        <CodeView text={value} label="the value" />
      )}
    </div>
  );
}
