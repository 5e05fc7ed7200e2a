// Detections over time, stacked by level; dragging across it narrows the page to that stretch.

import { useRef, useState } from "preact/hooks";

import { LEVELS, type Level } from "../../api/types";
import { count, plural } from "../../format";
import type { HistogramData } from "./types";

interface Bucket {
  start: number;
  by_level: Partial<Record<Level, number>>;
  total: number;
}

const HEIGHT = 100;
const GAP = 0.14;

/** Draw the buckets; `onRange` gets the two ends of a stretch, in milliseconds since 1970. */
export function Histogram(props: {
  data: HistogramData;
  buckets: number;
  onRange: (since: number, until: number) => void;
}) {
  const { data, buckets } = props;
  const filled = fill(data, buckets);
  const step = data.seconds_per_bucket * 1000;
  const start = Date.parse(data.start ?? "");
  const highest = Math.max(1, ...filled.map((bucket) => bucket.total));
  const [pointed, setPointed] = useState<number | null>(null);
  const [brush, setBrush] = useState<[number, number] | null>(null);
  const area = useRef<SVGSVGElement>(null);

  const bucketAt = (event: PointerEvent): number => {
    const box = area.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    const place = Math.floor(((event.clientX - box.left) / box.width) * buckets);
    return Math.max(0, Math.min(buckets - 1, place));
  };
  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    area.current?.setPointerCapture(event.pointerId);
    const at = bucketAt(event);
    setBrush([at, at]);
  };
  const onMove = (event: PointerEvent): void => {
    const at = bucketAt(event);
    setPointed(at);
    if (brush !== null) setBrush([brush[0], at]);
  };
  const onUp = (): void => {
    if (brush === null) return;
    const [low, high] = [Math.min(...brush), Math.max(...brush)];
    setBrush(null);
    props.onRange(start + low * step, start + (high + 1) * step);
  };
  const total = filled.reduce((sum, bucket) => sum + bucket.total, 0);
  return (
    <figure class="histogram">
      <Told
        bucket={pointed === null ? null : (filled[pointed] ?? null)}
        step={step}
        total={total}
        outside={data.outside ?? 0}
      />
      <svg
        ref={area}
        viewBox={`0 0 ${buckets} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={summary(filled, total)}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onPointerCancel={() => setBrush(null)}
        onPointerLeave={() => setPointed(null)}
      >
        {pointed !== null && <rect class="histogram-pointed" x={pointed} y={0} width={1} height={HEIGHT} />}
        {filled.map((bucket, place) => (
          <Stack key={bucket.start} bucket={bucket} place={place} highest={highest} />
        ))}
        {brush !== null && (
          <rect
            class="histogram-brush"
            x={Math.min(...brush)}
            y={0}
            width={Math.abs(brush[1] - brush[0]) + 1}
            height={HEIGHT}
          />
        )}
      </svg>
      <Axis start={start} end={start + buckets * step} />
    </figure>
  );
}

function Stack({ bucket, place, highest }: { bucket: Bucket; place: number; highest: number }) {
  let top = HEIGHT;
  return (
    <g>
      {[...LEVELS].reverse().map((level) => {
        const count = bucket.by_level[level] ?? 0;
        if (count === 0) return null;
        const height = Math.max((count / highest) * HEIGHT, 1.5);
        top -= height;
        return (
          <rect
            key={level}
            class={`${level}-fill`}
            x={place + GAP / 2}
            y={top}
            width={1 - GAP}
            height={height}
          />
        );
      })}
    </g>
  );
}

interface ToldProps {
  bucket: Bucket | null;
  step: number;
  total: number;
  outside: number;
}

function Told({ bucket, step, total, outside }: ToldProps) {
  if (bucket === null) {
    return (
      <figcaption class="histogram-told">
        {plural(total, "detection")}
        {step < 1 ? " at one moment" : `, ${span(step)} a bar`}
        <span class="muted">
          {outside > 0 && ` · ${count(outside)} with a time years off are in no bar`} · drag to zoom in
        </span>
      </figcaption>
    );
  }
  const parts = LEVELS.filter((level) => (bucket.by_level[level] ?? 0) > 0);
  return (
    <figcaption class="histogram-told">
      {clock(bucket.start)} to {clock(bucket.start + step)}:{" "}
      {parts.length === 0
        ? "none"
        : parts.map((level) => `${count(bucket.by_level[level])} ${level}`).join(", ")}
    </figcaption>
  );
}

const SHORT_MS = 30 * 60_000;

function Axis({ start, end }: { start: number; end: number }) {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => start + (end - start) * share);
  const [from, to] = end - start < SHORT_MS ? [11, 19] : [5, 16]; // the day, or the seconds
  return (
    <div class="histogram-axis" aria-hidden="true">
      {marks.map((mark) => (
        <span key={mark}>{clock(mark).slice(from, to)}</span>
      ))}
    </div>
  );
}

function fill(data: HistogramData, buckets: number): Bucket[] {
  const start = Date.parse(data.start ?? "");
  const step = data.seconds_per_bucket * 1000;
  const filled = Array.from({ length: buckets }, (_, place): Bucket => ({
    start: start + place * step,
    by_level: {},
    total: 0,
  }));
  for (const row of data.rows) {
    const bucket = filled[Math.round((Date.parse(row.start) - start) / step)];
    if (bucket === undefined) continue;
    bucket.by_level = row.by_level;
    bucket.total = LEVELS.reduce((sum, level) => sum + (row.by_level[level] ?? 0), 0);
  }
  return filled;
}

function summary(filled: Bucket[], total: number): string {
  const most = filled.reduce(
    (best, bucket) => (bucket.total > best.total ? bucket : best),
    filled[0] as Bucket,
  );
  if (total === 0) return "No detections in this time";
  return `${total} detections over time; most, ${most.total}, from ${clock(most.start)}`;
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

function span(ms: number): string {
  const seconds = ms / 1000;
  const [size, unit] =
    seconds < 120
      ? [seconds, "s"]
      : seconds < 7200
        ? [seconds / 60, "min"]
        : seconds < 172800
          ? [seconds / 3600, "h"]
          : [seconds / 86400, "days"];
  return `${Number(size.toPrecision(2))} ${unit}`;
}
