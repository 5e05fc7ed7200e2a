// The three figures on top, each over the last five minutes: events, lag, latency.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import type { Live, LivePoint } from "../../api/types";
import { TimeSeries } from "../../components/time_series";
import { count, duration, plural, rate, short } from "../../format";

interface Props {
  live: Live;
  history: readonly LivePoint[];
}

/** How fast events are judged, how many wait, how long each takes. */
export function Figures({ live, history }: Props) {
  return (
    <div class="grid live-figures">
      <Events live={live} history={history} />
      <Lag live={live} history={history} />
      <Latency live={live} history={history} />
    </div>
  );
}

function Events({ live, history }: Props) {
  const { total, per_second: now, rejected } = live.events;
  const values = useMemo(() => history.map((point) => point.per_second), [history]);
  const note = (
    <>
      {count(total)} in all
      {rejected ? (
        <>
          {", "}
          <a href="/events?view=dead-letters">{plural(rejected, "dead letter")}</a>
        </>
      ) : null}
    </>
  );
  return (
    <Figure
      title="Events"
      value={rate(now)}
      unit="per second"
      note={note}
      summary={`Events per second: now ${rate(now)}, at most ${rate(most(values))} in the last minutes.`}
      colour="--series-1"
      history={history}
      values={values}
      format={short}
    />
  );
}

function Lag({ live, history }: Props) {
  const { total, partitions, left_out: more, seconds_left: left } = live.lag;
  const values = useMemo(() => history.map((point) => point.lag), [history]);
  const across = plural(partitions.length + more, "partition");
  return (
    <Figure
      title="Lag"
      value={short(total)}
      unit={total === 1 ? "record waits" : "records wait"}
      // How long until it is gone: what somebody on call wants to know.
      note={total && left ? `gone in ${duration(left * 1000)} at this rate, in ${across}` : `in ${across}`}
      summary={`Records that wait: now ${count(total)}, at most ${count(most(values))} in the last minutes.`}
      colour="--series-3"
      history={history}
      values={values}
      format={short}
    />
  );
}

function Latency({ live, history }: Props) {
  const { stored, window_seconds: seconds } = live.latency_ms;
  const values = useMemo(() => history.map((point) => point.p99_ms), [history]);
  return (
    <Figure
      title="From Kafka to the results"
      legend="99 of 100"
      value={duration(stored?.p99)}
      unit="for 99 of 100"
      note={
        stored
          ? `half within ${duration(stored.p50)}, 95 of 100 within ${duration(stored.p95)}`
          : `nothing was stored in the last ${seconds} s`
      }
      summary={`Latency of the slowest of a hundred events: now ${duration(stored?.p99)}.`}
      colour="--series-2"
      history={history}
      values={values}
      format={duration}
    />
  );
}

function Figure(props: {
  title: string;
  /** Below the chart, where the title is too long for it. */
  legend?: string;
  value: string;
  unit: string;
  note: ComponentChildren;
  summary: string;
  colour: string;
  history: readonly LivePoint[];
  values: readonly (number | null)[];
  format: (value: number | null) => string;
}) {
  const times = useMemo(() => props.history.map((point) => Date.parse(point.time)), [props.history]);
  const series = useMemo(
    () => [{ label: props.legend ?? props.title, values: props.values, colour: props.colour, filled: true }],
    [props.legend, props.title, props.values, props.colour],
  );
  return (
    <section class="panel figure" aria-label={props.title}>
      <h2>{props.title}</h2>
      <div class="figure-value">
        {props.value} <small>{props.unit}</small>
      </div>
      <div class="figure-note">{props.note}</div>
      <TimeSeries
        summary={props.summary}
        times={times}
        series={series}
        format={props.format}
        height={132}
        least={10}
      />
    </section>
  );
}

function most(values: readonly (number | null)[]): number {
  return Math.max(0, ...values.map((value) => value ?? 0));
}
