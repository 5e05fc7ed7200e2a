// Who reads which partitions, and what waits in them.
import type { Live } from "../../api/types";
import { Panel } from "../../components/panel";
import { Badge } from "../../components/tag";
import { UNKNOWN, count, plural } from "../../format";

/** With a thousand partitions the fullest ones are what one wants to see. */
const SHOWN = 40;

type Partition = Live["lag"]["partitions"][number];

/** Workers with their partitions, then the partitions with most to do. */
export function Workers({ live }: { live: Live }) {
  const fullest = [...live.lag.partitions].sort((one, other) => (other.lag ?? 0) - (one.lag ?? 0));
  return (
    <Panel title="Workers" end={plural(live.workers.length, "worker")}>
      <ul class="workers">
        {live.workers.map((worker) => (
          <li key={worker.id}>
            <div class="row">
              <strong>{worker.id}</strong>
              <Badge tone={worker.state === "stable" ? "good" : "medium"}>{worker.state}</Badge>
            </div>
            <div class="muted">
              {worker.host} ·{" "}
              {worker.partitions.length
                ? `${worker.partitions.length === 1 ? "partition" : "partitions"} ${ranges(worker.partitions)}`
                : "no partition: there are more workers than partitions"}
            </div>
          </li>
        ))}
        {live.workers.length === 0 ? <li class="muted">No worker is in the group.</li> : null}
        {live.workers.length > 0 && live.lag.unread > 0 ? (
          <li class="muted">Nobody reads {plural(live.lag.unread, "partition")} at the moment.</li>
        ) : null}
      </ul>
      {fullest.length ? (
        <Partitions shown={fullest.slice(0, SHOWN)} all={fullest.length + live.lag.left_out} />
      ) : null}
    </Panel>
  );
}

function Partitions({ shown, all }: { shown: readonly Partition[]; all: number }) {
  const most = Math.max(1, ...shown.map((one) => one.lag ?? 0));
  return (
    <div class="partitions" tabIndex={0} role="region" aria-label="Lag by partition">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Partition</th>
            <th scope="col" class="number">
              Position
            </th>
            <th scope="col" class="number">
              Lag
            </th>
            <th scope="col">
              <span class="unseen">Share of the largest lag</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={`${one.topic} ${one.partition}`}>
              <td>{one.partition}</td>
              <td class="number">{one.position === null ? UNKNOWN : count(one.position)}</td>
              <td class="number">{count(one.lag)}</td>
              <td class="partition-bar">
                <div class="bar-track" aria-hidden="true">
                  <div class="bar-fill" style={{ width: `${((one.lag ?? 0) / most) * 100}%` }} />
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {all > shown.length ? <p class="muted">and {count(all - shown.length)} more with less</p> : null}
    </div>
  );
}

/** 0, 1, 2, 5 as "0–2, 5" */
function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = found.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
