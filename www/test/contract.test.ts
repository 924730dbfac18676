import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readEvents } from "finece/core";

interface Golden { record: string; names: string[] }

// Written by wasm/contract/internal/generate from the names in Go.
const golden = JSON.parse(readFileSync(new URL("../test/golden/names.json", import.meta.url), "utf8")) as Golden[];

/** All strings in a value, at any depth. */
function strings(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}

test("every name that Go writes into an event is read as that name", () => {
  const known = new Set(golden.flatMap((event) => event.names));
  assert.ok(known.size > 60, `${String(known.size)} names`);
  for (const { record, names } of golden) {
    const events = readEvents(new Uint8Array(Buffer.from(record, "hex")));
    assert.equal(events.length, 1);
    const found = strings(events[0]).filter((name) => known.has(name));
    assert.deepEqual(found.sort(), names.toSorted(), JSON.stringify(events[0]));
  }
});
