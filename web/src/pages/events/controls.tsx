// Where in a topic one reads: its end, its begin, an offset; all partitions or one.
import { useState } from "preact/hooks";

import { Choices } from "../../components/filter_bar";
import { navigate, setSearch } from "../../router";

type Begin = "latest" | "earliest" | "offset";

/** The end, the begin, or an offset that is typed in. */
export function From({ topic, from }: { topic: string; from: string }) {
  const byOffset = /^\d+$/.test(from);
  const [typing, setTyping] = useState(byOffset);
  const begin: Begin = typing || byOffset ? "offset" : from === "earliest" ? "earliest" : "latest";
  const choose = (chosen: Begin) => {
    setTyping(chosen === "offset");
    if (chosen === "latest") setSearch({ from: null }, { push: true });
    if (chosen === "earliest") setSearch({ from: "earliest" }, { push: true });
  };
  return (
    <>
      <Choices
        label="Where to read"
        value={begin}
        options={[
          { value: "latest", label: "Newest" },
          { value: "earliest", label: "Oldest" },
          { value: "offset", label: "Offset" },
        ]}
        onChoose={choose}
      />
      {begin === "offset" ? (
        <input
          class="input events-offset"
          inputMode="numeric"
          pattern="[0-9]*"
          aria-label={`Offset in ${topic}`}
          placeholder="Offset"
          value={byOffset ? from : ""}
          onChange={(event) => {
            const offset = event.currentTarget.value.trim();
            if (/^\d+$/.test(offset)) setSearch({ from: offset }, { push: true });
          }}
        />
      ) : null}
    </>
  );
}

/** All partitions, or one of them. */
export function PartitionChoice({ partitions, chosen }: { partitions: number; chosen: string | null }) {
  if (partitions < 2 && chosen === null) return null;
  const known = Math.max(partitions, Number(chosen ?? 0) + 1);
  return (
    <select
      class="input"
      aria-label="Partition"
      value={chosen ?? ""}
      onChange={(event) => setSearch({ partition: event.currentTarget.value || null }, { push: true })}
    >
      <option value="">All partitions</option>
      {Array.from({ length: known }, (_, number) => (
        <option key={number} value={String(number)}>
          Partition {number}
        </option>
      ))}
    </select>
  );
}

/** Open a record in the drawer; the address names it. */
export function openRecord(key: string | null): void {
  setSearch({ record: key }, { push: key !== null });
}

/** Go to another record of the same topic. */
export function goTo(topic: string, partition: number, from: number): void {
  navigate(`/events?topic=${encodeURIComponent(topic)}&partition=${partition}&from=${from}`);
}
