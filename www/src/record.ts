import { BANDS, BASES, FAULTS, FINISHES, MAPS, METHODS, OUTSIDE, POSITION_KINDS, REASONS, SEGMENTS, STATES } from "./contract.js";
import { FineceError } from "./errors.js";
import type { AppliedMap, ConfidenceEvent, CoreEvent, EstimateSource, PositionKind, Reason, Segment, Total } from "./events.js";

// The kinds of records and the least size of each, in bytes.
const TEXT = 1, POSITIONED = 2, ASK = 3, CONFIDENCE = 4, USAGE = 5, FAULT = 6, FINISH = 7, ENDED = 8, SAID = 9, FRAMED = 10;
const HEADER = 16, FAULT_HEADER = 24;
const MIN_SIZES = [0, HEADER, 56, HEADER, 48, 40, FAULT_HEADER, 32, HEADER, 32, 40];
const ESTIMATED = 0x80;

const NONE = [] as const;

// A byte order mark is text like any other.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads the event records in the payload of an answer, as wasm/abi documents
 * them. The events do not alias the payload. Kinds that this version does not
 * know are skipped. Throws a {@link FineceError} with the code `record` for
 * bytes that are no records.
 */
export function readEvents(payload: Uint8Array): CoreEvent[] {
  const events: CoreEvent[] = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at < payload.length; ) {
    const rest = payload.length - at;
    const size = rest < HEADER ? 0 : view.getUint32(at, true);
    if (size < HEADER || size % 8 !== 0 || size > rest) {
      throw malformed(at);
    }
    const kind = view.getUint8(at + 4);
    const least = MIN_SIZES[kind];
    if (kind > 0 && least !== undefined) {
      if (size < least) {
        throw malformed(at);
      }
      events.push(readEvent(kind, new Record(payload, view, at, size)));
    }
    at += size;
  }
  return events;
}

function malformed(at: number): FineceError {
  return new FineceError("record", `malformed event record at byte ${String(at)}`, { offset: at });
}

function readEvent(kind: number, r: Record): CoreEvent {
  const { choice, a, b, index, extra } = r;
  switch (kind) {
    case TEXT:
      return { type: "text", choice, segment: segmentOf(a, r.at), text: r.text(HEADER) };
    case POSITIONED:
      return {
        type: "position", choice, index, kinds: kindsOf(a), segment: segmentOf(b & ~ESTIMATED, r.at),
        byte: r.integer(16), utf16: r.integer(24), token: r.integer(32), approximate: (b & ESTIMATED) !== 0,
        entropy: { lower: r.float(40), upper: r.float(48) },
      };
    case ASK:
      return { type: "ask", choice, index, kinds: kindsOf(a), id: extra };
    case CONFIDENCE:
      return confidence(r);
    case USAGE:
      return { type: "usage", prompt: r.count(16), completion: r.count(24), reasoning: r.count(32) };
    case FAULT:
      return { type: "fault", choice, fault: FAULTS[a] ?? "unknown", offset: r.count(16), detail: r.text(FAULT_HEADER) };
    case ENDED:
      return { type: "ended" };
    case SAID:
      return {
        type: "said", choice, text: (a & 1) !== 0, other: (a & 2) !== 0, finished: (a & 4) !== 0,
        logprobs: { begin: r.integer(16), end: r.integer(24) },
      };
    case FRAMED:
      return { type: "framed", is: a, end: r.integer(16), data: r.integer(24), brace: r.count(32) };
    case FINISH:
    default: {
      const total = (at: number, bit: number): Total => ({ tokens: r.integer(at), approximate: (b & bit) !== 0 });
      return { type: "finish", choice, finish: FINISHES[a] ?? "unknown", answer: total(16, 1), reasoning: total(24, 2), missing: kindsOf(extra) };
    }
  }
}

function confidence(r: Record): ConfidenceEvent {
  const { choice, index, extra: revision } = r;
  const state = STATES[r.a];
  const raw = r.float(16);
  const fused = r.float(24);
  switch (state) {
    case "pending":
      return { type: "confidence", choice, index, revision, state, raw: null, fused: null };
    case "unavailable":
      return { type: "confidence", choice, index, revision, state, raw: null, fused: null, reason: reasonOf(r.b) };
    case "provisional":
    case "final":
      // A value that is none must not reach anybody as a number.
      if (raw !== null && fused !== null) {
        const calibrated = r.byte(36) === 1;
        const ways = r.byte(37);
        const outside = ways === 0 ? NONE : named(OUTSIDE, ways);
        const event = { type: "confidence", choice, index, revision, state, raw, fused, calibrated, source: sourceOf(r), outside } as const;
        const calibration = calibrationOf(r);
        return calibration === undefined ? event : { ...event, calibration };
      }
      break;
    case undefined:
  }
  throw malformed(r.at);
}

function reasonOf(n: number): Reason {
  const reason = REASONS[n];
  return reason === undefined || reason === "" ? "unknown" : reason;
}

function sourceOf(r: Record): EstimateSource {
  const estimator = r.byte(32);
  const method = r.byte(33);
  return estimator === 0 ? { estimator: "builtin", method: METHODS[method] ?? "unknown" }
    : estimator === 2 ? { estimator: "trajectory" }
    : { estimator: "model", basis: BASES[method] ?? "unknown", mass: r.float(40) };
}

function calibrationOf(r: Record): AppliedMap | undefined {
  const map = MAPS[r.byte(34)] ?? "unknown";
  return map === "" ? undefined : { map, band: BANDS[r.byte(35)] ?? "unknown" };
}

function segmentOf(n: number, at: number): Segment {
  const segment = SEGMENTS[n];
  if (segment === undefined) {
    throw malformed(at);
  }
  return segment;
}

function kindsOf(bits: number): PositionKind[] {
  return named(POSITION_KINDS, bits);
}

/** The names of the bits that are set. */
function named<T>(names: readonly T[], bits: number): T[] {
  return names.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

/** One record: its header and its numbers by their offsets. */
class Record {
  readonly choice: number;
  readonly a: number;
  readonly b: number;
  readonly index: number;
  readonly extra: number;

  readonly #payload: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;

  constructor(payload: Uint8Array, view: DataView, readonly at: number, size: number) {
    this.#payload = payload;
    this.#view = view;
    this.#size = size;
    this.choice = view.getUint8(at + 5);
    this.a = view.getUint8(at + 6);
    this.b = view.getUint8(at + 7);
    this.index = view.getUint32(at + 8, true);
    this.extra = view.getUint32(at + 12, true);
  }

  byte(offset: number): number {
    return this.#view.getUint8(this.at + offset);
  }

  /** A 64-bit integer; exact up to 2^53, which no stream's length reaches. */
  integer(offset: number): number {
    return this.#view.getInt32(this.at + offset + 4, true) * 2 ** 32 + this.#view.getUint32(this.at + offset, true);
  }

  /** An integer of which -1 stands for not known. */
  count(offset: number): number | null {
    const n = this.integer(offset);
    return n < 0 ? null : n;
  }

  /** A number, `null` for NaN. */
  float(offset: number): number | null {
    const value = this.#view.getFloat64(this.at + offset, true);
    return Number.isNaN(value) ? null : value;
  }

  /** The bytes that follow the record's fixed part, as text. */
  text(offset: number): string {
    if (offset + this.extra > this.#size) {
      throw malformed(this.at);
    }
    const begin = this.at + offset;
    return decoder.decode(this.#payload.subarray(begin, begin + this.extra));
  }
}
