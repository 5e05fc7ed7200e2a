// What was found: detections by level, and tactics minute by minute.
import type { Live } from "../../api/types";
import { LEVELS } from "../../api/types";
import { LevelMark } from "../../components/tag";
import { Panel } from "../../components/panel";
import { clock, count, rate, short } from "../../format";

/** Detections by level, each a link to its own. */
export function Levels({ live }: { live: Live }) {
  const numbers = live.detections.by_level;
  const most = Math.max(1, ...LEVELS.map((level) => numbers[level] ?? 0));
  return (
    <Panel title="Detections">
      <div class="figure-value">
        {rate(live.detections.per_minute)} <small>per minute</small>
      </div>
      <div class="figure-note live-levels-note">
        {count(live.detections.total)} in all; by level in the last {MINUTES} minutes:
      </div>
      <ul class="bars">
        {LEVELS.map((level) => (
          <li key={level}>
            <a class="row live-level" href={`/detections?level=${level}`}>
              <LevelMark level={level} />
              {level}
            </a>
            <span class="bar-track" aria-hidden="true">
              <div
                class={`bar-fill ${level}-fill`}
                style={{ width: `${((numbers[level] ?? 0) / most) * 100}%` }}
              />
            </span>
            <span class="number">{count(numbers[level] ?? 0)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface Row {
  tactic: string;
  name: string;
  counts: Map<string, number>;
  total: number;
}

const MINUTES = 15;
const SHADES = 5;

/** A row per tactic, a cell per minute, darker the more was found; the numbers stand in the cells. */
export function Tactics({ live }: { live: Live }) {
  const rows = byTactic(live);
  const minutes = lastMinutes(live);
  const most = Math.max(1, ...live.tactics.map((one) => one.count));
  return (
    <Panel title="Tactics" end={`last ${MINUTES} minutes, by minute`}>
      {rows.length === 0 ? (
        <p class="muted live-quiet">Nothing was detected in the last {MINUTES} minutes.</p>
      ) : (
        <table class="heat">
          <thead>
            <tr>
              <th scope="col" class="heat-name">
                <span class="unseen">Tactic</span>
              </th>
              {minutes.map((minute, place) => (
                <th scope="col" key={minute}>
                  <span class={(MINUTES - 1 - place) % 5 ? "unseen" : "heat-minute"}>
                    {clock(minute).slice(0, 5)}
                  </span>
                </th>
              ))}
              <th scope="col" class="heat-total">
                All
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.tactic}>
                <th scope="row">
                  <a href={`/detections?tactic=${encodeURIComponent(row.tactic)}`}>{row.name}</a>
                </th>
                {minutes.map((minute) => (
                  <Cell key={minute} value={row.counts.get(minute) ?? 0} most={most} minute={minute} />
                ))}
                <td class="heat-total">{short(row.total)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Cell({ value, most, minute }: { value: number; most: number; minute: string }) {
  // By the root: beside a tactic with thousands, one with ten is still to be told from one with a hundred.
  const shade = value ? Math.max(1, Math.ceil(Math.sqrt(value / most) * SHADES)) : 0;
  return (
    <td class={`heat-${shade}`} title={`${clock(minute).slice(0, 5)} UTC: ${count(value)}`}>
      {value ? short(value, 1_000) : ""}
    </td>
  );
}

function byTactic(live: Live): Row[] {
  const rows = new Map<string, Row>();
  for (const { start, tactic, name, count: found } of live.tactics) {
    const row = rows.get(tactic) ?? { tactic, name, counts: new Map<string, number>(), total: 0 };
    const minute = ofMinute(Date.parse(start));
    row.counts.set(minute, (row.counts.get(minute) ?? 0) + found);
    row.total += found;
    rows.set(tactic, row);
  }
  return [...rows.values()].filter((row) => row.total > 0).sort((one, other) => other.total - one.total);
}

function lastMinutes(live: Live): string[] {
  const now = Date.parse(live.time);
  return Array.from({ length: MINUTES }, (_, place) => ofMinute(now - (MINUTES - 1 - place) * 60_000));
}

const ofMinute = (milliseconds: number) => new Date(Math.floor(milliseconds / 60_000) * 60_000).toISOString();
