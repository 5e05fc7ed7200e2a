// The begin of a value in a row: of a JSON object its fields, those first that tell records apart.
import { EventText } from "../../components/event_text";
import { cut } from "../../text";

/** Larger values are shown as they begin: reading them for a row costs too much. */
const LARGEST = 20_000;
const BEGIN = 300;
const FIELD = 120;
/** What stands in other columns, or is the same in all rows but for its digits. */
const ELSEWHERE = new Set(["event_id", "detection_id", "timestamp", "trace_id"]);

/** A line: names muted, values as they are. */
export function Gist({ value }: { value: string }) {
  const fields = fieldsOf(value);
  if (!fields) return <EventText value={value} max={BEGIN} oneLine mono />;
  return (
    <span class="gist mono">
      {fields.map(([name, text]) => (
        <span key={name}>
          <span class="muted">
            <EventText value={name} max={40} />
          </span>{" "}
          <EventText value={text.length > FIELD ? `${cut(text, FIELD)}…` : text} max={FIELD + 1} />
        </span>
      ))}
    </span>
  );
}

function fieldsOf(value: string): [string, string][] | null {
  if (value.length > LARGEST || !value.trimStart().startsWith("{")) return null;
  try {
    const entries = Object.entries(JSON.parse(value) as Record<string, unknown>);
    const telling = entries.filter(([name, found]) => !ELSEWHERE.has(name) && found !== null && found !== "");
    return telling
      .slice(0, 12)
      .map(([name, found]) => [name, typeof found === "string" ? found : JSON.stringify(found)]);
  } catch {
    return null;
  }
}
