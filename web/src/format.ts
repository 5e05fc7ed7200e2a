// Numbers, times and sizes as the screens show them; one way everywhere.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
/** Stands where nothing is known. */
export const UNKNOWN = "–";

/** 12,345; a dash where nothing is known. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : WHOLE.format(value);
}

/** 12.3K; whole below `from`. */
export function short(value: number | null | undefined, from = 10_000): string {
  if (value === null || value === undefined) return UNKNOWN;
  return Math.abs(value) < from ? WHOLE.format(value) : SHORT.format(value);
}

/** A rate: two digits below ten, whole numbers above. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return value !== 0 && Math.abs(value) < 10 ? value.toFixed(1) : short(value);
}

/** 850 µs, 12 ms, 3.4 s, 2 min 5 s, 3 h 10 min */
export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return UNKNOWN;
  const ms = milliseconds;
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** 512 B, 1.5 KiB */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1024 / 1024).toFixed(1)} MiB`;
}

/** 37 %; less than one in a hundred keeps a digit. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return UNKNOWN;
  const value = share * 100;
  return `${value !== 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

/** 2026-11-21 10:00:00 in UTC: analysts compare it with logs. */
export function time(iso: string | null | undefined): string {
  return iso ? utc(iso, 0, 19) : UNKNOWN;
}

/** 10:00:00.250 in UTC */
export function clock(iso: string | null | undefined, digits = 0): string {
  return iso ? utc(iso, 11, digits ? 20 + digits : 19) : UNKNOWN;
}

function utc(iso: string, from: number, to: number): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  return moment.toISOString().replace("T", " ").slice(from, to);
}

/** "3 min ago", measured against the clock of this machine. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return UNKNOWN;
  const passed = now - new Date(iso).getTime();
  if (Number.isNaN(passed)) return UNKNOWN;
  if (passed < 1_000) return "now";
  const whole = duration(Math.floor(passed / 1000) * 1000);
  return `${whole.replace(/(\d+ (?:min|h|d)) .*/, "$1").replace(".0 s", " s")} ago`;
}

/** one / many: `plural(3, "record")` is "3 records". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
