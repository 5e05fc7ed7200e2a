// What else happened on the same host around the same time, in the drawer of a detection.
import { useState } from "preact/hooks";

import { get } from "../../api/client";
import { useResource } from "../../api/resource";
import { EventText } from "../../components/event_text";
import { Answer, Empty } from "../../components/states";
import { LevelTag } from "../../components/tag";
import { clock, plural } from "../../format";
import type { Neighbour, Neighbours } from "./types";

const STRETCHES = [5, 15, 60];

/** List the events of the host within some minutes, the present one marked. */
export function NeighboursPart({
  host,
  around,
  eventId,
}: {
  host: string | null;
  around: string | null;
  eventId: string;
}) {
  const [minutes, setMinutes] = useState(STRETCHES[0] ?? 5);
  const address = host && around ? `/api/hosts/${encodeURIComponent(host)}/events` : null;
  const found = useResource(address && `${address}?${minutes}`, (abort) =>
    get<Neighbours>(address ?? "", { around, minutes }, abort),
  );
  if (address === null) {
    return <Empty title="The event names no host or no time">So there is nothing that lay beside it.</Empty>;
  }
  return (
    <div class="stack">
      <div class="row">
        <span class="muted">
          On <EventText value={host ?? ""} max={80} mono /> within
        </span>
        <div class="choice" role="group" aria-label="Minutes before and after">
          {STRETCHES.map((one) => (
            <button key={one} type="button" aria-pressed={one === minutes} onClick={() => setMinutes(one)}>
              ±{one} min
            </button>
          ))}
        </div>
      </div>
      <Answer of={found}>{(data) => <List data={data} eventId={eventId} around={around ?? ""} />}</Answer>
    </div>
  );
}

function List({ data, eventId, around }: { data: Neighbours; eventId: string; around: string }) {
  const others = data.rows.filter((row) => row.event_id !== eventId).length;
  if (others === 0) return <Empty title="Nothing else happened on this host around that time" />;
  return (
    <>
      <div class="table-scroll" role="region" aria-label="Events of this host" tabIndex={0}>
        <table class="table compact cards">
          <thead>
            <tr>
              <th>Time</th>
              <th class="number">Distance</th>
              <th>Event</th>
              <th>User</th>
              <th>Found</th>
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row) => (
              <Row key={row.event_id} row={row} here={row.event_id === eventId} around={around} />
            ))}
          </tbody>
        </table>
      </div>
      {data.truncated && (
        <p class="muted">There were more; these are the nearest {plural(data.rows.length, "event")}.</p>
      )}
    </>
  );
}

function Row({ row, here, around }: { row: Neighbour; here: boolean; around: string }) {
  return (
    <tr aria-selected={here}>
      <td class="tight mono">{clock(row.timestamp, 3)}</td>
      <td class="tight number mono">{here ? "this event" : distance(row.timestamp, around)}</td>
      <td>{row.event_type && <EventText value={row.event_type} oneLine />}</td>
      <td>{row.user && <EventText value={row.user} oneLine />}</td>
      <td class={row.level ? "wide" : "wide-only"}>
        {row.level && <LevelTag level={row.level} />} {row.rules.join(", ")}
      </td>
    </tr>
  );
}

function distance(time: string | null, around: string): string {
  if (time === null) return "";
  const seconds = (Date.parse(time) - Date.parse(around)) / 1000;
  const size = Math.abs(seconds);
  const words =
    size < 60
      ? `${size.toFixed(size < 10 ? 1 : 0)} s`
      : `${Math.floor(size / 60)} min ${Math.round(size % 60)} s`;
  return `${seconds < 0 ? "−" : "+"}${words}`;
}
