// The ATT&CK matrix as numbers.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cell,
  distinct,
  heat,
  inMode,
  narrowed,
  STEPS,
  type Tactic,
  type Technique,
} from "../src/pages/attack/matrix";

const technique = (
  id: string,
  name: string,
  rules: number,
  detections: number,
  ...below: Technique[]
): Technique => ({
  id,
  name,
  url: "",
  rules,
  detections,
  hosts: 0,
  last_seen: null,
  subtechniques: below,
});

const shell = technique("T1059.001", "PowerShell", 2, 0);
const interpreter = technique(
  "T1059",
  "Command and Scripting Interpreter",
  0,
  0,
  shell,
  technique("T1059.004", "Unix Shell", 0, 0),
);
const phishing = technique("T1566", "Phishing", 0, 0);
const tactics: Tactic[] = [
  { id: "TA0001", name: "Initial Access", url: "", techniques: [phishing] },
  { id: "TA0002", name: "Execution", url: "", techniques: [interpreter, phishing] },
];

test("a technique is covered when a rule looks for one of its sub-techniques", () => {
  assert.equal(cell(interpreter).covered, true);
  assert.equal(cell(interpreter).coveredBelow, 1);
  assert.equal(inMode(cell(interpreter), "gaps"), false);
  assert.equal(inMode(cell(phishing), "gaps"), true);
});

test("a technique of several tactics is counted once", () => {
  assert.equal(distinct(tactics).length, 2);
});

test("a search keeps the sub-techniques that it found, and leaves out empty tactics", () => {
  const found = narrowed(tactics, " powershell ");
  assert.deepEqual(
    found.map((column) => column.tactic.id),
    ["TA0002"],
  );
  assert.deepEqual(found[0]?.techniques[0]?.subtechniques, [shell]);
  assert.equal(narrowed(tactics, "t1059")[0]?.techniques[0]?.subtechniques?.length, 2);
  assert.equal(narrowed(tactics, "").length, 2);
});

test("heat grows with the count, from nothing to the hottest", () => {
  assert.equal(heat(0, 100), 0);
  assert.equal(heat(1, 100_000), 1);
  assert.equal(heat(100_000, 100_000), STEPS);
  assert.equal(heat(1, 1), STEPS);
  const steps = [1, 10, 100, 1_000, 10_000].map((count) => heat(count, 10_000));
  assert.deepEqual(
    steps,
    [...steps].sort((a, b) => a - b),
  );
});
