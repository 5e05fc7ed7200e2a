// Which value held which test, and where: out of an explanation record.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  evidence,
  inUnits,
  logSourceWords,
  split,
  united,
  type ExplanationRecord,
  type Part,
} from "../src/pages/detections/explanation";

const looked = (words: string, value: number, spans: [number, number][]): Part => ({
  kind: "test",
  held: spans.length > 0,
  words,
  field: "CommandLine",
  seen: [{ value, held: spans.length > 0, spans }],
});

const selection = (name: string, ...parts: Part[]): Part => ({
  kind: "selection",
  held: parts.every((part) => part.held),
  words: name,
  name,
  parts,
});

const record = (condition: Part): ExplanationRecord => ({
  rule_id: "r",
  rule_title: "A rule",
  rule_revision: "1",
  rule_source: null,
  level: "high",
  event_id: "e",
  fires: condition.held,
  headline: "",
  reasons: [],
  routing: {
    candidate: true,
    text: "",
    event: { product: null, category: null, service: null },
    rule: { product: null, category: null, service: null },
    contradictions: [],
  },
  gap: { lacking: 0, forbidden: 0, held: 0 },
  condition,
  values: [
    { field: "CommandLine", value: "powershell -enc aQBl" },
    { field: "Image", value: "C:\\p.exe" },
  ],
});

test("a value stands once, with all tests that held on it and all places, in order", () => {
  const found = evidence(
    record({
      kind: "all",
      held: true,
      words: "all of",
      parts: [
        selection("encoded", looked("contains '-enc'", 0, [[11, 15]])),
        selection("shell", looked("contains 'powershell'", 0, [[0, 10]]), looked("contains 'pwsh'", 0, [])),
      ],
    }),
  );
  assert.equal(found.length, 1);
  assert.deepEqual(found[0]?.spans, [
    [0, 10],
    [11, 15],
  ]);
  assert.deepEqual(
    found[0]?.findings.map((one) => [one.selection, one.words]),
    [
      ["encoded", "contains '-enc'"],
      ["shell", "contains 'powershell'"],
    ],
  );
});

test("what held under a 'not' speaks against the rule, and for it under two", () => {
  const not = (part: Part): Part => ({ kind: "not", held: !part.held, words: "not", parts: [part] });
  const filtered = selection("filter", looked("ends with 'p.exe'", 1, [[3, 8]]));
  assert.equal(evidence(record(not(filtered)))[0]?.findings[0]?.against, true);
  assert.equal(evidence(record(not(not(filtered))))[0]?.findings[0]?.against, false);
});

test("spans that touch or overlap become one", () => {
  assert.deepEqual(
    united([
      [8, 12],
      [0, 3],
      [3, 5],
      [9, 10],
    ]),
    [
      [0, 5],
      [8, 12],
    ],
  );
});

test("spans count code points, strings here UTF-16 units", () => {
  const text = "😀😀 iex";
  const [[start, end]] = inUnits(text, [[3, 6]]) as [[number, number]];
  assert.equal(text.slice(start, end), "iex");
  assert.deepEqual(inUnits("iex", [[0, 3]]), [[0, 3]]);
});

test("alternatives that did not hold are folded once another did, and nothing else is", () => {
  const parts = [looked("a", 0, []), looked("b", 0, [[0, 1]]), looked("c", 0, [])];
  assert.deepEqual(
    split(parts, "any", true).told.map((part) => part.words),
    ["b"],
  );
  assert.equal(split(parts, "any", true).folded.length, 2);
  assert.equal(split(parts, "all", false).folded.length, 0);
  const many = Array.from({ length: 9 }, (_, place) => looked(String(place), 0, []));
  assert.equal(split(many, "any", false).told.length, 4);
});

test("a log source that names nothing is any", () => {
  assert.equal(logSourceWords({ product: null, category: null, service: null }), "any");
  assert.equal(
    logSourceWords({ product: "windows", category: null, service: "sysmon" }),
    "product=windows, service=sysmon",
  );
});
