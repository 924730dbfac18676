import {
  ACTIONS, BANDS, BASES, ESTIMATORS, type Envelope, FAULTS, FINISHES, type FineceRecord, MAPS, METHODS, OUTSIDE, POSITION_KINDS,
  REASONS, RECORD_DEFAULTS, RECORD_VERSION, SEGMENTS, STATES,
} from "./contract.js";

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/**
 * Reads the records in a carrier: a chunk or a plain answer with the key `finece`, the
 * `providerMetadata` of an AI SDK's answer, a UI part `data-finece`, a comment line
 * `: finece {...}`, or the envelope itself. `undefined` if the carrier has no records.
 *
 * Unknown keys and types are ignored, and so are records that lack a required key. If the
 * envelope's `version` is higher than this package's, the result has no events, because their
 * meaning is not known.
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

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** What the values of keys must be. */
const CHECKS: readonly (readonly [keys: string, (value: unknown) => boolean])[] = [
  ["choice index byte utf16 token revision tokens reasoning offset version", isCount],
  ["ratio raw fused mass threshold", (value) => typeof value === "number" && value >= 0 && value <= 1],
  ["lower upper", Number.isFinite],
  ["kinds outside missing", Array.isArray],
  ["approximate calibrated", (value) => typeof value === "boolean"],
  ["source entropy", (value) => fields(value) !== undefined],
];

function isValid(key: string, value: unknown): boolean {
  const check = CHECKS.find(([keys]) => keys.split(" ").includes(key));
  return check === undefined ? typeof value === "string" : check[1](value);
}

const PLACE = "choice index kinds segment byte utf16 token";

/** The keys that a record must have, by its type. */
const REQUIRED: Readonly<Record<FineceRecord["type"], string>> = {
  position: PLACE,
  confidence: `${PLACE} state revision`,
  decision: "choice policy action",
  fault: "choice code",
  end: "choice reason tokens reasoning",
  start: "version",
};

/** The names that are values of keys. Other names become `unknown`, or are left out of a list. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  segment: SEGMENTS, state: STATES, action: ACTIONS, code: Object.values(FAULTS), estimator: ESTIMATORS, method: METHODS, basis: BASES,
  map: MAPS, band: BANDS, kinds: POSITION_KINDS, missing: POSITION_KINDS, outside: OUTSIDE,
};

/** Reads one record; `undefined` if it is of no type that is known, or lacks a key. */
function readRecord(value: unknown): FineceRecord | undefined {
  const record = fields(value);
  const type = String(record?.["type"]) as FineceRecord["type"];
  if (record === undefined || !Object.hasOwn(REQUIRED, type)) {
    return undefined;
  }
  const read: Record<string, unknown> = { type };
  for (const key of REQUIRED[type].split(" ")) {
    if (!isValid(key, record[key])) {
      return undefined;
    }
    read[key] = named(key, record[key]);
  }
  if (read["segment"] === "unknown" || read["state"] === "unknown") {
    return undefined;
  }
  fill(read, record, RECORD_DEFAULTS[type]);
  if (type === "end") {
    read["reason"] = nameIn(FINISHES, read["reason"]);
  } else if (type === "confidence") {
    const known = (read["state"] === "provisional" || read["state"] === "final") && read["raw"] !== null && read["fused"] !== null;
    if (!known) { // a value that is none is not shown as one
      read["state"] = read["state"] === "pending" ? "pending" : "unavailable";
      Object.assign(read, { raw: null, fused: null, calibrated: false, source: null });
    }
    read["reason"] = read["state"] === "unavailable" ? nameIn(REASONS, read["reason"]) : null;
  }
  return read as unknown as FineceRecord;
}

/** Fills in the keys that may be absent. A value that is not valid counts as absent. */
function fill(to: Record<string, unknown>, from: Fields, defaults: Fields): void {
  for (const [key, absent] of Object.entries(defaults)) {
    const value = from[key];
    to[key] = isValid(key, value) ? named(key, value) : absent;
    if (value !== absent && to[key] === value && (key === "source" || key === "entropy")) {
      const part: Record<string, unknown> = to[key] = {};
      fill(part, value as Fields, RECORD_DEFAULTS[key]);
    }
  }
}

function named(key: string, value: unknown): unknown {
  const names = NAMES[key];
  return names === undefined ? value
    : Array.isArray(value) ? value.filter((name: string) => names.includes(name)) : nameIn(names, value);
}

function nameIn(names: readonly string[], value: unknown): unknown {
  return value !== "" && names.includes(value as string) ? value : "unknown";
}

/** Writes an envelope as JSON, for a key `finece`. Keys without a value are left out. */
export function writeEnvelope(events: readonly FineceRecord[], id: string | null = null, generator: string | null = null): string {
  return JSON.stringify(bare({ version: RECORD_VERSION, id, generator, events: events.map(bare) }));
}

/** The object with `undefined`, which JSON has no words for, under the keys that have no value. A replacer would take twice as long. */
function bare(value: object): Fields {
  const kept = { ...value } as Record<string, unknown>;
  for (const key in kept) {
    const v = kept[key];
    if (v === null || (v === false && (key === "approximate" || key === "calibrated"))
      || (Array.isArray(v) && v.length === 0 && (key === "missing" || key === "outside"))) {
      kept[key] = undefined;
    } else if (key === "source" || key === "entropy") {
      kept[key] = bare(v as object);
    }
  }
  return kept;
}
