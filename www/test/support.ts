import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { ConfidenceRecord, CoreEvent, StreamEvent } from "finece";
import { FUNCTIONS } from "../dist/contract.js";

const root = new URL("../../", import.meta.url);

/** The core's bytes, as they are shipped. */
export const wasm = new Uint8Array(readFileSync(new URL("../dist/finece.wasm", import.meta.url)));

/** The demo stream: a chat completion with log-probabilities. */
export const demo = new Uint8Array(readFileSync(new URL("wasm/session/testdata/demo.sse", root)));

/** The folder of the streams that all decoders are tested with: one folder a server. */
export const fixtures = new URL("wasm/stream/fixture/streams/", root);

/** A generator of numbers in [0,1) from a printed seed. */
export function random(t: TestContext, seed = Math.floor(Math.random() * 2 ** 31)): () => number {
  t.diagnostic(`seed ${String(seed)}`);
  let state = seed;
  return () => { // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cuts bytes into chunks of at most `most`. */
export function* cut(bytes: Uint8Array, most: number, next: () => number = () => 1): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; ) {
    const n = Math.max(1, Math.ceil(most * next()));
    yield new Uint8Array(bytes.subarray(at, at + n));
    at += n;
  }
}

export function streamOf(chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const next = iterator.next();
      if (next.done === true) {
        controller.close();
      } else {
        controller.enqueue(next.value);
      }
    },
  });
}

export async function bytesOf(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Serves on a port of its own until the test ends. */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.from(await bytesOf(request)).toString();
}

/** A chat completion that says content. */
export function completion(content: string): string {
  return JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content } }] });
}

/** An event stream in OpenAI's form without log-probabilities. */
export function chat(...pieces: string[]): Uint8Array<ArrayBuffer> {
  const chunk = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const text = pieces.map((content) => chunk({ content }, null)).join("");
  return new TextEncoder().encode(`${text}${chunk({}, "stop")}data: [DONE]\n\n`);
}

/** The last word on each position, by index, of one choice. */
export function latest(events: readonly StreamEvent[], choice = 0): ConfidenceRecord[] {
  const last: ConfidenceRecord[] = [];
  for (const event of events) {
    if (event.type === "confidence" && event.choice === choice) {
      last[event.index] = event;
    }
  }
  return last;
}

/** After how many milliseconds a test that still waits is taken to hang, on the busiest machine. */
export const HUNG = 120_000;

/** The text of a choice's answer, however the events divide it. */
export function textOf(events: readonly (CoreEvent | StreamEvent)[], choice = 0): string {
  return events.map((event) => (event.type === "text" && event.choice === choice && event.segment === "answer" ? event.text : "")).join("");
}

/** The text of an answer and the other events: what does not depend on how the network divides a stream. */
export function apart(events: readonly StreamEvent[]): [string, StreamEvent[]] {
  return [textOf(events), events.filter(({ type }) => type !== "text")];
}

/**
 * Makes `coreTimeout`'s default of 3 s so long that a busy machine does not
 * matter. Runs here and in the pages of browser tests.
 */
export function patient(): void {
  const { setTimeout } = globalThis;
  const later = (run: () => void, delay?: number, ...rest: []): unknown => setTimeout(run, delay === 3000 ? 120_000 : delay, ...rest);
  globalThis.setTimeout = Object.assign(later, setTimeout) as typeof setTimeout;
}

patient();

/** Waits until a condition holds. Fails as hung when it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = Date.now(); !(await holds()); ) {
    if (Date.now() - start > HUNG) {
      throw new Error(`hung: waited ${String(HUNG / 1000)} s until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Lets everything happen that is due without a wait: for a test that nothing more does. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A number in WebAssembly's LEB128, unsigned. */
function leb(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)];
}

/** The core with a memory that may not grow beyond some pages: a real trap, sooner. */
export function withMemoryLimit(pages: number): Uint8Array<ArrayBuffer> {
  const read = (at: number): [number, number] => {
    let value = 0, shift = 0, byte = 0;
    do {
      byte = wasm[at++] ?? 0;
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    return [value, at];
  };
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    const [size, body] = read(at + 1);
    if (id === 5) {
      const [least] = read(body + 2);
      const section = [1, 1, ...leb(least), ...leb(pages)];
      return new Uint8Array([...wasm.subarray(0, at), 5, ...leb(section.length), ...section, ...wasm.subarray(body + size)]);
    }
    at = body + size;
  }
  throw new Error("the core has no memory section");
}

const I32 = 0x7f;

/** A module that looks like a core, or does not quite. Its functions all answer the version. */
export function lookalike(
  version: number, { without = "", parameters = {}, imports = false } = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.entries({ ...FUNCTIONS, ...parameters }).filter(([name]) => name !== without);
  const text = (s: string): number[] => [...leb(s.length), ...Buffer.from(s)];
  const section = (id: number, items: number[][]): number[] => {
    const body = [...leb(items.length), ...items.flat()];
    return [id, ...leb(body.length), ...body];
  };
  const types = [0, 1, 2].map((n) => [0x60, n, ...Array<number>(n).fill(I32), 1, I32]);
  const code = [0, 0x41, version, 0x0b];
  const first = imports ? 1 : 0;
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, types),
    ...(imports ? section(2, [[...text("env"), ...text("now"), 0, 0]]) : []),
    ...section(3, names.map(([, n]) => [n])),
    ...section(5, [[0, 1]]),
    ...section(7, [[...text("memory"), 2, 0], ...names.map(([name], i) => [...text(name), 0, ...leb(first + i)])]),
    ...section(10, names.map(() => [...leb(code.length), ...code])),
  ]);
}
