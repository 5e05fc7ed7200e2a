// The order of spans in a waterfall.
import assert from "node:assert/strict";
import { test } from "node:test";

import { inTreeOrder } from "../src/pages/detections/waterfall";
import type { Span } from "../src/pages/detections/types";

const span = (name: string, start_ms: number, parent: string | null): Span => ({
  span_id: name,
  name,
  service: "",
  kind: "internal",
  start_ms,
  duration_ms: 1,
  parent,
  status: null,
  attributes: {},
});

const read = (spans: Span[]) => inTreeOrder(spans).map(({ span: { name }, depth }) => `${depth} ${name}`);

test("children stand under their parent, in order of time", () => {
  const spans = [
    span("write", 5, "consume"),
    span("consume", 1, "produce"),
    span("classify", 2, "consume"),
    span("produce", 0, null),
  ];
  assert.deepEqual(read(spans), ["0 produce", "1 consume", "2 classify", "2 write"]);
});

test("a span whose parent was not kept is a root, and none is lost in a ring", () => {
  assert.deepEqual(read([span("consume", 1, "gone")]), ["0 consume"]);
  assert.equal(read([span("a", 0, "b"), span("b", 0, "a")]).length, 2);
});
