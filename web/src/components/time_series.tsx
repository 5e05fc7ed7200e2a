// Lines over time, in the colours of the theme, with their summary in words.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { themeTurn, token } from "../theme";

export interface Series {
  label: string;
  values: readonly (number | null)[];
  /** The name of a CSS variable, for instance `--series-1`. */
  colour: string;
  /** The ground below the line is tinted. */
  filled?: boolean;
}

interface TimeSeriesProps {
  /** What is drawn, in words, with the figures that matter: read out in place of the picture. */
  summary: string;
  /** Milliseconds since 1970. */
  times: readonly number[];
  series: readonly Series[];
  height?: number;
  format: (value: number | null) => string;
  /** The axis reaches at least so high. */
  least?: number;
}

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** Lines over time, with a legend that follows the pointer. */
export function TimeSeries({ summary, times, series, height = 160, format, least = 1 }: TimeSeriesProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const turn = themeTurn.value;
  const shape = series.map((one) => `${one.label} ${one.colour}`).join("|");
  const drawn = useRef(format);
  drawn.current = format;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const options = lines(series, element.clientWidth, height, least, (value) => drawn.current(value));
    const made = new uPlot(options, data(times, series), element);
    plot.current = made;
    showLast(made);
    const left = () => showLast(made);
    made.over.addEventListener("mouseleave", left);
    const watch = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height });
      requestAnimationFrame(() => plot.current === made && showLast(made));
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, height, turn, least]);
  useEffect(() => {
    const made = plot.current;
    made?.setData(data(times, series));
    if (made && (made.cursor.left ?? -1) < 0) showLast(made);
  }, [times, series]);

  return (
    <figure class="chart">
      <figcaption class="unseen">{summary}</figcaption>
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}

/** While the pointer is elsewhere the legend tells the newest values. */
function showLast(plot: uPlot): void {
  plot.setLegend({ idx: Math.max(0, (plot.data[0]?.length ?? 1) - 1) });
}

function data(times: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  return [times.map((one) => one / 1000), ...series.map((one) => [...one.values])] as uPlot.AlignedData;
}

function lines(
  series: readonly Series[],
  width: number,
  height: number,
  least: number,
  format: (value: number | null) => string,
): uPlot.Options {
  const muted = token("--muted");
  const axis = {
    stroke: muted,
    font: FONT,
    grid: { stroke: token("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    padding: [8, 26, 0, 0], // the last time of the axis stands half beyond its end
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(least, (high ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((one) => utcClock(one)) },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((one) => format(one)) },
    ],
    series: [
      { label: "UTC", value: (_, raw) => (raw ? utcClock(raw) : "–") },
      ...series.map((one) => ({
        label: one.label,
        stroke: token(one.colour),
        width: 1.5,
        points: { show: false },
        value: (_: uPlot, raw: number | null) => format(raw),
        ...(one.filled ? { fill: faded(token(one.colour)) } : {}),
      })),
    ],
  };
}

function utcClock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

function faded(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, (_, parts: string) =>
    parts.includes(",") ? `rgba(${parts}, 0.14)` : `rgb(${parts} / 0.14)`,
  );
}
