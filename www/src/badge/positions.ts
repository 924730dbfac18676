import { replaces, settled } from "../builder.js";
import { type ConfidenceRecord, type DecisionRecord, type Envelope, type FineceRecord, type PositionRecord, type Reason, RECORD_VERSION, type Segment, type Source } from "../contract.js";
import { readEnvelope } from "../envelope.js";
import type { StreamEvent } from "../events.js";
import type { Calibration, Shown } from "./words.js";

/** The latest record of a position's confidence. Plain data; a change makes a new one. */
export interface PositionConfidence extends ConfidenceRecord {
  /** The first fused confidence that was known, in [0,1]; `null` before. */
  readonly first: number | null;
  /** Where the answer that counts begins in the text, in bytes of UTF-8; absent unless a server replaced the answer before it. */
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
 * It can be saved with the answer and restored without a core:
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
   * A log of saved records: what {@link ConfidenceLog.toJSON} gave, or anything
   * else that carries records, such as a whole answer or a UI part. The log is
   * empty if it carries none.
   */
  static from(saved: unknown): ConfidenceLog {
    const log = new ConfidenceLog();
    const envelope = readEnvelope(saved);
    log.#id = envelope?.id ?? null;
    log.#generator = envelope?.generator ?? null;
    envelope?.events.forEach((event) => { log.apply(event); });
    return log;
  }

  /** Takes an event. Says which position it changed, `undefined` if none. */
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
   * Says that no more events will come: a provisional value is final, and a position
   * that is still pending is unavailable for the reason given.
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

  /** The bytes at the beginning of a choice's text that no longer count, because a server replaced that answer by the one after them; mostly 0. */
  replaced(choice = 0): number {
    return this.#replaced.get(choice)?.byte ?? 0;
  }

  /** The records to save: of each position the first value, if it was revised, and the latest. */
  toJSON(): Envelope {
    const events = [...this.#replaced.values(), ...[...this.#choices.values()].flat().flatMap(recordsOf)];
    return { version: RECORD_VERSION, id: this.#id, generator: this.#generator, events };
  }

  /** The records of one position, as {@link ConfidenceLog.toJSON} has them; none if it was of an answer that was replaced. */
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
 * The one confidence to show for positions of one choice: that of the newest position of the
 * answer that has a value, p(0) among them, and at the end that of the whole answer, which
 * may have a reason instead. `undefined` if there is none. host/follow has the same.
 */
export function headlineOf(positions: readonly PositionConfidence[]): PositionConfidence | undefined {
  const whole = positions.findLast(({ kinds }) => kinds.includes("end"));
  return whole !== undefined && whole.state !== "pending" ? whole : positions.findLast(({ fused }) => fused !== null);
}

/** What is known of a position's value beside its number; see `showValue`. */
export function shownAs({ calibrated, source }: PositionConfidence): Shown {
  return { calibrated, source: source === null ? "" : sourceName(source), mapped: isMapped(source) };
}

/** Whether a value went through a map that changes it. */
function isMapped(source: Source | null): boolean {
  return source !== null && source.map !== null && source.map !== "identity";
}

/** A source in a word or two, as the badge's `source` attribute has it: `perplexity`, `model expectation`. */
export function sourceName({ estimator, method, basis }: Source): string {
  return estimator === "logprob" ? method ?? "unknown" : [estimator, basis].filter((word) => word !== null).join(" ");
}

/** The attributes with which a badge shows a position; only those that have something to say. */
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
