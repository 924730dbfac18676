import type { ConfidenceEvent, PositionEvent, PositionKind, Reason, Segment, Source, StreamEvent } from "../events.js";

/** A position and what is known of its confidence by now. Plain data; a change makes a new one. */
export interface PositionConfidence {
  /** The choice's number, from 0. */
  readonly choice: number;
  /** 0 is the question, then 1, 2, ... over all of the choice's segments. */
  readonly index: number;
  /** Every strategy that fired here. */
  readonly kinds: readonly PositionKind[];
  /** Whose text the offset counts. */
  readonly segment: Segment;
  /** Offset in the segment's text, in UTF-16 code units. */
  readonly utf16: number;
  /** The number of the segment's tokens before the offset. */
  readonly token: number;
  /** Where the confidence stands; `pending` also before the first confidence event. */
  readonly state: ConfidenceEvent["state"];
  /** The fused confidence in [0,1]; `null` while it is not known. */
  readonly value: number | null;
  /** The estimate itself, before revision by later ones, in [0,1]; `null` while it is not known. */
  readonly raw: number | null;
  /** The first fused confidence that was known, in [0,1]; `null` before. */
  readonly first: number | null;
  /** How many confidence events there were before the last one; -1 before the first. */
  readonly revision: number;
  /** Why it is unavailable; `null` in any other state. */
  readonly reason: Reason | null;
  /** Where the value is from; `null` without one. */
  readonly source: Source | null;
}

/**
 * Keeps the latest confidence of every position of a stream. Feed it the
 * stream's events in order:
 *
 * ```ts
 * const log = new ConfidenceLog();
 * confidenceFetch(fetch, { onEvent: (event) => { log.apply(event); } });
 * ```
 */
export class ConfidenceLog {
  readonly #choices = new Map<number, PositionConfidence[]>();

  /** Takes an event. Says which position it changed, `undefined` if none. */
  apply(event: StreamEvent): PositionConfidence | undefined {
    if (event.type !== "position" && event.type !== "confidence") {
      return undefined;
    }
    let list = this.#choices.get(event.choice);
    if (list === undefined) {
      this.#choices.set(event.choice, list = []);
    }
    const before = list.findLastIndex(({ index }) => index === event.index);
    const known = list[before];
    const changed = event.type === "position" ? found(event) : known && revised(known, event);
    if (changed !== undefined) {
      list[known === undefined ? list.length : before] = changed;
    }
    return changed;
  }

  /** The positions of a choice in one segment, in order. A new array each time. */
  positions(choice = 0, segment: Segment = "answer"): PositionConfidence[] {
    return (this.#choices.get(choice) ?? []).filter((position) => position.segment === segment);
  }

  /** All positions of all choices. A new array each time. */
  all(): PositionConfidence[] {
    return [...this.#choices.values()].flat();
  }
}

function found({ choice, index, kinds, segment, utf16, token }: PositionEvent): PositionConfidence {
  return {
    choice, index, kinds, segment, utf16, token,
    state: "pending", value: null, raw: null, first: null, revision: -1, reason: null, source: null,
  };
}

function revised(known: PositionConfidence, event: ConfidenceEvent): PositionConfidence | undefined {
  if (event.revision <= known.revision) {
    return undefined;
  }
  const { state, revision, fused: value, raw } = event;
  return {
    ...known, state, revision, value, raw, first: known.first ?? value,
    reason: event.state === "unavailable" ? event.reason : null,
    source: event.state === "provisional" || event.state === "final" ? event.source : null,
  };
}

/** A source in a word or two, as the badge's `source` attribute has it: `perplexity`, `model expectation`. */
export function sourceName(source: Source): string {
  return source.estimator === "model" ? `model ${source.basis}` : source.method;
}
