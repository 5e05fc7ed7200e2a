// Where the stages stand in the picture: in a row where there is room, else one below the other.
import type { Stage, StageName } from "../../api/types";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Arrow {
  from: StageName;
  to: StageName;
  /** The path of an SVG, ending at the point of the arrow. */
  path: string;
}

export interface Layout {
  width: number;
  height: number;
  boxes: Map<StageName, Box>;
  /** Around the stages that one worker does. */
  worker: Box | null;
  arrows: Arrow[];
}

const WORKER: readonly StageName[] = ["poll", "decode", "match", "write", "commit"];
const BRANCHES: readonly StageName[] = ["csv", "detections_topic"];

/** Narrower than this, the stages stand one below the other. */
const WIDE = 900;
const MARGIN = 20;
const GAP = 22;
const TALL = 104;
const FRAME = 12;
const FRAME_HEAD = 26;

/** Place the stages in a picture so wide. */
export function layout(stages: readonly Stage[], width: number): Layout {
  const names = stages.map((stage) => stage.name);
  return width >= WIDE ? row(names, width) : column(names, width);
}

function row(names: readonly StageName[], width: number): Layout {
  const line = names.filter((name) => !BRANCHES.includes(name));
  const branches = names.filter((name) => BRANCHES.includes(name));
  const columns = line.length + (branches.length ? 1 : 0);
  const each = (width - 2 * MARGIN - GAP * (columns - 1)) / columns;
  const top = MARGIN + FRAME_HEAD + (branches.length > 1 ? 46 : 0);
  const boxes = new Map<StageName, Box>();
  const at = (place: number, y: number): Box => ({
    x: MARGIN + place * (each + GAP),
    y,
    width: each,
    height: TALL,
  });
  line.forEach((name, place) => boxes.set(name, at(place, top)));
  const spread = TALL + 16;
  branches.forEach((name, place) =>
    boxes.set(name, at(line.length, top + (place - (branches.length - 1) / 2) * spread)),
  );
  const worker = around(boxes);
  const lowest = Math.max(...[...boxes.values()].map((box) => box.y + box.height), bottom(worker));
  return { width, height: lowest + MARGIN, boxes, worker, arrows: arrows(line, branches, boxes, sideways) };
}

function column(names: readonly StageName[], width: number): Layout {
  const line = names.filter((name) => !BRANCHES.includes(name));
  const branches = names.filter((name) => BRANCHES.includes(name));
  const boxes = new Map<StageName, Box>();
  const inset = MARGIN + FRAME;
  let y = MARGIN;
  for (const name of [...line, ...branches]) {
    if (name === WORKER[0]) y += FRAME_HEAD;
    boxes.set(name, { x: inset, y, width: width - 2 * inset, height: 64 });
    y += 64 + GAP;
    if (name === WORKER.at(-1)) y += FRAME;
  }
  return {
    width,
    height: y - GAP + MARGIN,
    boxes,
    worker: around(boxes),
    arrows: arrows(line, branches, boxes, downwards),
  };
}

function around(boxes: Map<StageName, Box>): Box | null {
  const inside = WORKER.flatMap((name) => boxes.get(name) ?? []);
  if (inside.length === 0) return null;
  const left = Math.min(...inside.map((box) => box.x)) - FRAME;
  const top = Math.min(...inside.map((box) => box.y)) - FRAME_HEAD;
  const right = Math.max(...inside.map((box) => box.x + box.width)) + FRAME;
  const low = Math.max(...inside.map((box) => box.y + box.height)) + FRAME;
  return { x: left, y: top, width: right - left, height: low - top };
}

const bottom = (box: Box | null) => (box ? box.y + box.height : 0);

function arrows(
  line: readonly StageName[],
  branches: readonly StageName[],
  boxes: Map<StageName, Box>,
  draw: (from: Box, to: Box) => string,
): Arrow[] {
  const pairs = line.slice(1).map((to, place): [StageName, StageName] => [line[place] as StageName, to]);
  const last = line.at(-1);
  if (last) pairs.push(...branches.map((to): [StageName, StageName] => [last, to]));
  return pairs.flatMap(([from, to]) => {
    const [one, other] = [boxes.get(from), boxes.get(to)];
    return one && other ? [{ from, to, path: draw(one, other) }] : [];
  });
}

function sideways(from: Box, to: Box): string {
  const [x, y] = [from.x + from.width, from.y + from.height / 2];
  const [ends, level] = [to.x - 3, to.y + to.height / 2];
  const middle = (x + ends) / 2;
  return y === level ? `M${x},${y}H${ends}` : `M${x},${y}C${middle},${y} ${middle},${level} ${ends},${level}`;
}

/** Down the middle; past a stage that stands between, along its left side. */
function downwards(from: Box, to: Box): string {
  const [low, high] = [from.y + from.height, to.y - 3];
  const middle = from.x + from.width / 2;
  if (high - low < from.height) return `M${middle},${low}V${high}`;
  const side = from.x - 8;
  return `M${from.x},${low - 12}H${side}V${to.y + to.height / 2}H${to.x - 3}`;
}
