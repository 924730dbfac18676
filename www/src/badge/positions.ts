import { replaces, settled } from "../builder.js";
import { type ConfidenceRecord, type DecisionRecord, type Envelope, type FineceRecord, type PositionRecord, type Reason, RECORD_VERSION, type Segment, type Source } from "../contract.js";
import { readEnvelope } from "../envelope.js";
import type { StreamEvent } from "../events.js";
import type { Calibration, Shown } from "./words.js";

/** The latest record of a position's confidence. It is plain data and is never changed: a revision makes a new object. */
export interface PositionConfidence extends ConfidenceRecord {
  /** The first fused confidence that was known, in [0,1]; `null` if none is known yet. */
  readonly first: number | null;
  /** Where the valid answer begins in the text, in bytes of UTF-8. It is absent unless a server replaced an earlier answer. */
  readonly begin?: number;
}

interface Entry {
  /** The record that had the first value. */
  readonly first: ConfidenceRecord | undefined;
  readonly latest: PositionConfidence;
}

/**
 * Keeps the latest confidence of every position of a stream. Feed it the
 * stream's events in order:
 *
 * ```ts
 * const log = new ConfidenceLog();
 * confidenceFetch(fetch, { onEvent: (event) => { log.apply(event); } });
 * ```
 *
 * A log can be saved with the answer, and restored without a core:
 *
 * ```ts
 * const saved = JSON.stringify(log);
 * const restored = ConfidenceLog.from(JSON.parse(saved));
 * ```
 */
export class ConfidenceLog {
  readonly #choices = new Map<number, Entry[]>();
  /** The decisions to replace an answer: the positions of its text were forgotten. */
  readonly #replaced = new Map<number, DecisionRecord>();
  #id: string | null = null;
  #generator: string | null = null;

  /**
   * Makes a log of saved records: the result of {@link ConfidenceLog.toJSON}, or any other object
   * that contains records, such as a whole answer or a UI part. Without records, the log is empty.
   */
  static from(saved: unknown): ConfidenceLog {
    const log = new ConfidenceLog();
    const envelope = readEnvelope(saved);
    log.#id = envelope?.id ?? null;
    log.#generator = envelope?.generator ?? null;
    envelope?.events.forEach((event) => { log.apply(event); });
    return log;
  }

  /** Takes an event. Returns the position that the event changed; `undefined` if it changed none. */
  apply(event: StreamEvent): PositionConfidence | undefined {
    if (event.type === "start") { // a server speaks: what was known is its own business now
      this.#choices.clear();
      this.#replaced.clear();
      this.#id = event.id;
      this.#generator = event.generator;
    }
    if (replaces(event)) {
      this.#choices.delete(event.choice);
      this.#replaced.set(event.choice, event);
    }
    if (event.type !== "position" && event.type !== "confidence") {
      return undefined;
    }
    let list = this.#choices.get(event.choice);
    if (list === undefined) {
      this.#choices.set(event.choice, list = []);
    }
    const before = list.findLastIndex(({ latest }) => latest.index === event.index);
    const known = list[before];
    if (known !== undefined && (event.type === "position" || event.revision <= known.latest.revision)) {
      return undefined;
    }
    const record = event.type === "position" ? found(event) : event;
    const first = known?.first ?? (record.fused === null ? undefined : record);
    const begin = this.#replaced.get(event.choice)?.byte;
    const latest = { ...record, first: first?.fused ?? null, ...(begin != null && { begin }) };
    list[known === undefined ? list.length : before] = { first, latest };
    if ((list.at(-2)?.latest.index ?? -1) > latest.index) {
      list.sort((a, b) => a.latest.index - b.latest.index);
    }
    return latest;
  }

  /**
   * Call this when no more events will come. Provisional values become final, and positions that
   * are still pending become unavailable with the given reason.
   */
  settle(reason: Reason | "unknown" = "cancelled"): void {
    for (const { latest } of [...this.#choices.values()].flat()) {
      if (latest.state === "pending" || latest.state === "provisional") {
        this.apply(settled(latest, reason));
      }
    }
  }

  /** The positions of a choice in one segment, in order. A new array each time. */
  positions(choice = 0, segment: Segment = "answer"): PositionConfidence[] {
    return (this.#choices.get(choice) ?? []).map(({ latest }) => latest).filter((position) => position.segment === segment);
  }

  /** The one confidence to show for a choice; `undefined` if there is none. At the end it may have a reason instead of a value. */
  headline(choice = 0): PositionConfidence | undefined {
    return headlineOf(this.positions(choice));
  }

  /** All positions of all choices. A new array each time. */
  all(): PositionConfidence[] {
    return [...this.#choices.values()].flat().map(({ latest }) => latest);
  }

  /** How many bytes at the beginning of a choice's text no longer count, because a server replaced this answer by a later one; usually 0. */
  replaced(choice = 0): number {
    return this.#replaced.get(choice)?.byte ?? 0;
  }

  /** The records to save: for each position the latest, and also the first if it was revised. */
  toJSON(): Envelope {
    const events = [...this.#replaced.values(), ...[...this.#choices.values()].flat().flatMap(recordsOf)];
    return { version: RECORD_VERSION, id: this.#id, generator: this.#generator, events };
  }

  /** The records of one position, as in {@link ConfidenceLog.toJSON}. There are none if the position's answer was replaced. */
  records(choice: number, index: number): FineceRecord[] {
    const of = (this.#choices.get(choice) ?? []).filter(({ latest }) => latest.index === index).flatMap(recordsOf);
    const replaced = this.#replaced.get(choice);
    return replaced === undefined || of.length === 0 ? of : [replaced, ...of];
  }
}

function recordsOf({ first, latest: { first: _, begin: __, ...latest } }: Entry): FineceRecord[] {
  if (latest.revision < 0) {
    const { choice, index, kinds, segment, byte, utf16, token, ratio, entropy, approximate } = latest;
    return [{ type: "position", choice, index, kinds, segment, byte, utf16, token, ratio, entropy, approximate }];
  }
  return first !== undefined && first.revision < latest.revision ? [first, latest] : [latest];
}

/** A position before its first confidence. */
function found(place: PositionRecord): ConfidenceRecord {
  return { ...place, type: "confidence", state: "pending", revision: -1, raw: null, fused: null, calibrated: false, source: null, reason: null };
}

/** The confidence of a whole answer that has none: with the reason of its last position, if that has one. */
export function unknownAnswer(last: PositionConfidence | undefined): PositionConfidence {
  return {
    type: "confidence", choice: 0, index: 0, kinds: ["end"], segment: "answer", byte: 0, utf16: 0, token: 0, ratio: null, entropy: null, approximate: false,
    revision: 0, raw: null, fused: null, calibrated: false, source: null, first: null, state: "unavailable", reason: last?.reason ?? "unknown",
  };
}

/**
 * The one confidence to show for the positions of one choice. While the answer is written, this is
 * the confidence of the newest position that has a value, including p(0). At the end it is the
 * confidence of the whole answer, which may have a reason instead of a value. `undefined` if there
 * is none. The Go package host/follow uses the same rule.
 */
export function headlineOf(positions: readonly PositionConfidence[]): PositionConfidence | undefined {
  const whole = positions.findLast(({ kinds }) => kinds.includes("end"));
  return whole !== undefined && whole.state !== "pending" ? whole : positions.findLast(({ fused }) => fused !== null);
}

/** The properties of a position's value that decide how it is shown; see `showValue`. */
export function shownAs({ calibrated, source }: PositionConfidence): Shown {
  return { calibrated, source: source === null ? "" : sourceName(source), mapped: isMapped(source) };
}

/** Whether a value went through a map that changes it. */
function isMapped(source: Source | null): boolean {
  return source !== null && source.map !== null && source.map !== "identity";
}

/** A source in one or two words, for the badge's attribute `source`: `perplexity`, `model expectation`. */
export function sourceName({ estimator, method, basis }: Source): string {
  return estimator === "logprob" ? method ?? "unknown" : [estimator, basis].filter((word) => word !== null).join(" ");
}

/** The attributes with which a badge shows a position. Attributes without a value are left out. */
export function badgeAttributes(position: PositionConfidence, calibration?: Calibration): Record<string, string> {
  const { state, fused: value, first, calibrated, reason, source, kinds } = position;
  const all: Record<string, string | number | null | undefined> = {
    state, value, first, reason,
    calibrated: calibrated ? "" : null, mapped: isMapped(source) ? source?.map : null,
    model: source?.model, outside: source === null || source.outside.length === 0 ? null : source.outside.join(" "),
    source: source === null ? null : sourceName(source),
    kind: kinds.includes("end") ? "end" : kinds.includes("question") ? "question" : null,
    ece: calibration?.ece, n: calibration?.n,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, v]) => v !== null && v !== undefined).map(([name, v]) => [name, String(v)]),
  );
}
