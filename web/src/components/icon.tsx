// Our own icons: strokes on a grid of 16, in the colour of the text beside them.
const PATHS = {
  live: "M1.5 8.5h3l2-5 3 9 2-4h3",
  detections:
    "M8 1.8c2.7 0 4.2 2 4.2 4.6v2.8l1.5 2.4H2.3l1.5-2.4V6.4C3.8 3.800 5.300 1.800 8 1.800zM6.500 13.800a1.600 1.600 0 0 0 3 0",
  attack:
    "M2 2h3.200v3.200H2zM6.400 2h3.200v3.200H6.400zM10.800 2H14v3.200h-3.200zM2 6.400h3.200v3.200H2zM6.400 6.400h3.200v3.200H6.400zM2 10.800h3.200V14H2z",
  events: "M2 3.500h12M2 8h12M2 12.500h8",
  rules: "M3.500 1.500h6l3 3v10h-9zM9.500 1.500v3h3M6 8h4M6 11h4",
  pipeline: "M1.500 5h4v6h-4zM10.500 5h4v6h-4zM5.500 8h5",
  search: "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM10.500 10.500L14 14",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  check: "M3 8.500l3.500 3.500L13 4.500",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  help: "M8 1.800a6.200 6.200 0 1 0 0 12.400A6.200 6.200 0 0 0 8 1.800zM6.300 6.200c.2-1 .9-1.500 1.800-1.500 1 0 1.700.6 1.700 1.500 0 1.300-1.800 1.300-1.800 2.700M8 11.200v.2",
  pause: "M5.500 3v10M10.500 3v10",
  play: "M4.500 2.500v11l9-5.500z",
  up: "M8 13V3M4 7l4-4 4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  external: "M9 2.500h4.500V7M13.500 2.500L7.500 8.500M11.500 9.500v4h-9v-9h4",
  download: "M8 2v8M4.500 7L8 10.500 11.500 7M2.500 13.500h11",
  warning: "M8 2l6.500 11.500h-13zM8 6.500v3.500M8 11.800v.2",
  wrap: "M2 3.500h12M2 8h9.500a2.200 2.200 0 0 1 0 4.500H8M9.800 10.700L8 12.500l1.800 1.800M2 12.500h3",
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
