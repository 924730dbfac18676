import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { loadCore, type CoreEvent } from "finece";
import { readEvents } from "finece/core";
import { Instance } from "../dist/instance.js";
import { cut, demo, fixtures, random, wasm } from "./support.js";

interface Digest { bytes: number; sha256: string; whole?: true } // whole: of the stream in one write
interface Golden {
  scoring: object;
  demo: string[];
  streams: Record<string, Digest>;
  model: {
    config: object; text: string; requests: string[]; records: string[];
    replies: { ask: number; body?: string; fail?: number }[];
  };
}

// What the Go host gives; made by golden/golden.go.
const golden = JSON.parse(readFileSync(new URL("../test/golden/golden.json", import.meta.url), "utf8")) as Golden;
const module = await WebAssembly.compile(wasm);
const encoder = new TextEncoder();

/** Everything that the core says, as it says it. */
class Recorder {
  readonly instance = new Instance(new WebAssembly.Instance(module, {}));
  private readonly payloads: Uint8Array[] = [];

  constructor(config: object) {
    this.instance.call("_initialize");
    this.take(this.instance.send("finece_open", encoder.encode(JSON.stringify(config))));
  }

  take(payload: Uint8Array): void {
    this.payloads.push(payload.slice());
  }

  get records(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.payloads));
  }
}

function score(chunks: Iterable<Uint8Array>): Uint8Array {
  const r = new Recorder(golden.scoring);
  for (const chunk of chunks) {
    r.take(r.instance.send("finece_write", chunk));
  }
  r.take(r.instance.answer("finece_end"));
  return r.records;
}

/** Records cut apart, in hexadecimal, so that a difference is a line. */
function lines(records: Uint8Array): string[] {
  const buffer = Buffer.from(records);
  const all: string[] = [];
  for (let at = 0; at < buffer.length; at += buffer.readUInt32LE(at)) {
    all.push(buffer.subarray(at, at + buffer.readUInt32LE(at)).toString("hex"));
  }
  return all;
}

const digest = (records: Uint8Array): Digest =>
  ({ bytes: records.length, sha256: createHash("sha256").update(records).digest("hex") });

describe("the events are the Go host's, byte for byte", () => {
  test("the demo stream, whole and cut anywhere", (t) => {
    assert.deepEqual(lines(score([demo])), golden.demo);
    const next = random(t);
    for (const chunks of [cut(demo, 1), cut(demo, 7), cut(demo, 300, next), cut(demo, 5000, next)]) {
      assert.deepEqual(lines(score(chunks)), golden.demo);
    }
  });

  test("the fixtures, cut anywhere", async (t) => {
    const next = random(t);
    const names = Object.keys(golden.streams);
    assert.ok(names.length > 150, `only ${String(names.length)} fixtures in golden.json`);
    for (const name of names) {
      await t.test(name, () => {
        const input = new Uint8Array(readFileSync(new URL(name, fixtures)));
        const { whole, ...want } = golden.streams[name] ?? assert.fail();
        for (const chunks of [[input], ...(whole === true ? [] : [cut(input, 64, next), cut(input, 4096, next)])]) {
          assert.deepEqual(digest(score(chunks)), want);
        }
      });
    }
  });

  test("a conversation with a confidence model", () => {
    const { config, text, requests, replies, records } = golden.model;
    const r = new Recorder(config);
    r.take(r.instance.send("finece_write", encoder.encode(text)));
    r.take(r.instance.answer("finece_end"));
    const asks = readEvents(r.records).flatMap((event) => (event.type === "ask" ? [event.id] : []));
    assert.deepEqual(asks.map((id) => new TextDecoder().decode(r.instance.answer("finece_request", id))), requests);
    for (const { ask, body, fail } of replies) {
      const id = asks[ask] ?? NaN;
      r.take(body === undefined
        ? r.instance.answer("finece_fail", id, fail ?? 0)
        : r.instance.send("finece_resolve", encoder.encode(body), id));
    }
    assert.deepEqual(lines(r.records), records);
  });
});

test("a Session gives the events of those records, and so does an instance used again", async () => {
  const core = await loadCore();
  const want = readEvents(new Uint8Array(Buffer.from(golden.demo.join(""), "hex")));
  for (let round = 0; round < 3; round++) {
    const session = core.open(golden.scoring);
    const events: CoreEvent[] = [...session.opening];
    for (const chunk of cut(demo, 100_000)) { // longer than one call takes
      events.push(...session.write(chunk));
    }
    events.push(...session.end());
    session.close();
    assert.deepEqual(events, want);
  }
  const text = want.map((event) => (event.type === "text" ? event.text : "")).join("");
  for (const event of want) {
    if (event.type === "position") {
      assert.equal(Buffer.byteLength(text.slice(0, event.utf16)), event.byte, `position ${String(event.index)}`);
    }
  }
});
