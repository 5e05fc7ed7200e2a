// The filters of the detections, out of an address and into the server's parameters.
import assert from "node:assert/strict";
import { test } from "node:test";

// The router reads the address bar when it is loaded; here is none.
Object.assign(globalThis, { window: { location: { pathname: "/", search: "" } } });
const { asQuery, filterCount, readFilters, readGrouping, toggled } =
  await import("../src/pages/detections/filters");

const NOW = Date.parse("2026-11-21T12:00:00Z");
const read = (text: string) => readFilters(new URLSearchParams(text));

test("what an address cannot mean is left out", () => {
  const filters = read("level=high&level=awful&since=yesterday&range=3y");
  assert.deepEqual(filters.many.level, ["high"]);
  assert.equal(filters.since, "");
  assert.equal(filters.range, "");
  assert.equal(readGrouping(new URLSearchParams("by=weather")), null);
});

test("a stretch that ends now begins so long ago, and wins over given ends", () => {
  const query = asQuery(read("range=1h&since=2020-01-01"), NOW);
  assert.equal(query["since"], "2026-11-21T11:00:00.000Z");
  assert.equal(query["until"], "");
});

test("a value that is there is taken away, another is added", () => {
  const filters = read("host=a&host=b");
  assert.deepEqual(toggled(filters, "host", "a"), { host: ["b"] });
  assert.deepEqual(toggled(filters, "host", "c"), { host: ["a", "b", "c"] });
});

test("filters are counted: values, text, and time once", () => {
  assert.equal(filterCount(read("")), 0);
  assert.equal(filterCount(read("host=a&host=b&q=x&since=2026-01-01&until=2026-02-01")), 4);
});
