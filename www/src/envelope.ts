import {
  ACTIONS, BANDS, BASES, ESTIMATORS, type Envelope, FAULTS, FINISHES, type FineceRecord, MAPS, METHODS, OUTSIDE, POSITION_KINDS,
  REASONS, RECORD_DEFAULTS, RECORD_VERSION, SEGMENTS, STATES,
} from "./contract.js";

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/**
 * Reads the records that something carries: a chunk or a plain answer with the
 * key `finece`, the `providerMetadata` of an AI SDK's answer, a UI part
 * `data-finece`, a comment line `: finece {...}`, or the envelope itself.
 * `undefined` if it carries none.
 *
 * Keys and types that are not known are ignored, and so is a record without a
 * key that it must have. An envelope of a higher `version` than this package's
 * has no events: what they mean is not known, so no confidence is available.
 */
export function readEnvelope(carrier: unknown): Envelope | undefined {
  const value = typeof carrier === "string" ? parsed(carrier) : fields(carrier);
  const envelope = value?.["finece"] ?? (value?.["type"] === "data-finece" ? value["data"] : value);
  const { version, id, generator, events } = fields(envelope) ?? {};
  if (!isCount(version) || version < 1 || !Array.isArray(events)) {
    return undefined;
  }
  return {
    version, id: text(id), generator: text(generator),
    events: version > RECORD_VERSION ? [] : events.map(readRecord).filter((record) => record !== undefined),
  };
}

/** The envelope in a comment of an event stream, with or without its colon. */
function parsed(comment: string): Fields | undefined {
  const json = /^:? ?finece ([^]*)$/.exec(comment)?.[1];
  try {
    return json === undefined ? undefined : fields(JSON.parse(json));
  } catch {
    return undefined;
  }
}

type Check = (value: unknown) => boolean;

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isShare: Check = (value) => typeof value === "number" && value >= 0 && value <= 1;
const isText: Check = (value) => typeof value === "string";
const isTruth: Check = (value) => typeof value === "boolean";
const oneOf = (names: readonly string[]): Check => (value) => value !== "" && names.includes(value as string);

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

const PLACE = { choice: isCount, index: isCount, kinds: Array.isArray, segment: oneOf(SEGMENTS), byte: isCount, utf16: isCount, token: isCount };

/** The keys that a record must have, by its type. */
const REQUIRED: Readonly<Record<FineceRecord["type"], Readonly<Record<string, Check>>>> = {
  position: PLACE,
  confidence: { ...PLACE, state: oneOf(STATES), revision: isCount },
  decision: { choice: isCount, policy: isText, action: isText },
  fault: { choice: isCount, code: isText },
  end: { choice: isCount, reason: isText, tokens: isCount, reasoning: isCount },
  start: { version: isCount },
};

/** The keys that it may have. A value that does not pass counts as absent. */
const OPTIONAL: Readonly<Record<string, Check>> = {
  ratio: isShare, raw: isShare, fused: isShare, mass: isShare, threshold: isShare,
  approximate: isTruth, calibrated: isTruth, reason: isText, index: isCount, byte: isCount, offset: isCount, detail: isText,
  id: isText, generator: isText, model: isText, estimator: isText, method: isText, basis: isText, map: isText, band: isText,
  lower: Number.isFinite, upper: Number.isFinite, entropy: (value) => fields(value) !== undefined,
  source: (value) => fields(value) !== undefined, outside: Array.isArray, missing: Array.isArray,
};

/** The values of keys whose values are names. Other names become `unknown`, or are left out of a list. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  action: ACTIONS, code: Object.values(FAULTS), estimator: ESTIMATORS, method: METHODS, basis: BASES, map: MAPS, band: BANDS,
  kinds: POSITION_KINDS, missing: POSITION_KINDS, outside: OUTSIDE,
};

/** Reads one record; `undefined` if it is of no type that is known, or lacks a key. */
export function readRecord(value: unknown): FineceRecord | undefined {
  const record = fields(value);
  const type = record?.["type"] as FineceRecord["type"];
  if (record === undefined || typeof type !== "string" || !Object.hasOwn(REQUIRED, type)) {
    return undefined;
  }
  const required = REQUIRED[type];
  if (Object.entries(required).some(([key, holds]) => !holds(record[key]))) {
    return undefined;
  }
  const read: Record<string, unknown> = { type };
  for (const key of Object.keys(required)) {
    read[key] = named(key, record[key]);
  }
  fill(read, record, RECORD_DEFAULTS[type]);
  if (type === "end" || read["reason"] !== null && type === "confidence") {
    const names: readonly string[] = type === "end" ? FINISHES : REASONS;
    read["reason"] = names.includes(read["reason"] as string) ? read["reason"] : "unknown";
  }
  if (type === "confidence") {
    const known = read["state"] === "provisional" || read["state"] === "final";
    if (known && (read["raw"] === null || read["fused"] === null)) {
      Object.assign(read, { state: "unavailable", reason: "unknown" }); // a value that is none is not shown as one
    }
    if (read["state"] !== "provisional" && read["state"] !== "final") {
      Object.assign(read, { raw: null, fused: null, calibrated: false, source: null });
    }
    if (read["state"] === "unavailable") {
      read["reason"] ??= "unknown";
    }
  }
  return read as unknown as FineceRecord;
}

/** Fills in the keys that may be absent. */
function fill(to: Record<string, unknown>, from: Fields, defaults: Fields): void {
  for (const [key, absent] of Object.entries(defaults)) {
    const value = from[key];
    if (value === undefined || OPTIONAL[key]?.(value) !== true) {
      to[key] = absent;
    } else if (key === "source" || key === "entropy") {
      const part: Record<string, unknown> = {};
      fill(part, value as Fields, RECORD_DEFAULTS[key]);
      to[key] = part;
    } else {
      to[key] = named(key, value);
    }
  }
}

function named(key: string, value: unknown): unknown {
  const names = NAMES[key];
  return names === undefined ? value
    : Array.isArray(value) ? value.filter((name: string) => names.includes(name))
    : names.includes(value as string) ? value : "unknown";
}

/** Writes an envelope as JSON, without the keys that have no value: the value of a key `finece`. */
export function writeEnvelope(events: readonly FineceRecord[], id: string | null = null, generator: string | null = null): string {
  return JSON.stringify({ version: RECORD_VERSION, id, generator, events }, (key, value: unknown) =>
    value === null || (value === false && (key === "approximate" || key === "calibrated"))
    || (Array.isArray(value) && value.length === 0 && (key === "missing" || key === "outside")) ? undefined : value);
}
