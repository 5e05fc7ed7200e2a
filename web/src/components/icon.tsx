// Our own icons: strokes on a grid of 16, in the colour of the text beside them.
const PATHS = {
  bell: "M8 1.8c2.7 0 4.2 2 4.2 4.6v2.8l1.5 2.4H2.3l1.5-2.4V6.4C3.8 3.8 5.3 1.8 8 1.8zM6.5 13.8a1.6 1.6 0 0 0 3 0",
  live: "M1.5 8.5h3l2-5 3 9 2-4h3",
  detections: "M8 1.5l5.5 2v4.5c0 3.2-2.3 5.4-5.5 6.5-3.2-1.1-5.5-3.3-5.5-6.5V3.5zM8 5v3.5M8 10.8v.2",
  attack:
    "M2 2h3.2v3.2H2zM6.4 2h3.2v3.2H6.4zM10.8 2H14v3.2h-3.2zM2 6.4h3.2v3.2H2zM6.4 6.4h3.2v3.2H6.4zM2 10.8h3.2V14H2z",
  events: "M2 3.5h12M2 8h12M2 12.5h8",
  rules: "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M6 8h4M6 11h4",
  pipeline: "M1.5 5h4v6h-4zM10.5 5h4v6h-4zM5.5 8h5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.5 3.5L13 4.5",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  help: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM6.3 6.2c.2-1 .9-1.5 1.8-1.5 1 0 1.7.6 1.7 1.5 0 1.3-1.8 1.3-1.8 2.7M8 11.2v.2",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.5v11l9-5.5z",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  external: "M9 2.5h4.5V7M13.5 2.5L7.5 8.5M11.5 9.5v4h-9v-9h4",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  warning: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 11.8v.2",
  wrap: "M2 3.5h12M2 8h9.5a2.2 2.2 0 0 1 0 4.5H8M9.8 10.7L8 12.5l1.8 1.8M2 12.5h3",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon that says nothing by itself: its name stands beside it, or on the button it is in. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
