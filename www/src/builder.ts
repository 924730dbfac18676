import type { ConfidenceRecord, DecisionRecord, FineceRecord, Place, PositionRecord, Reason, Source } from "./contract.js";
import type { ConfidenceEvent, CoreEvent, FinishEvent, KnownConfidence, StreamEvent } from "./events.js";

/**
 * Makes records from the events of one session of a core, in their order. It keeps the places of
 * positions whose confidence can still change.
 */
export class RecordBuilder {
  readonly #model: string | null;
  readonly #open = new Map<number, { place: Place; revision: number }>();
  readonly #totals = new Map<number, FinishEvent>();

  /** `model` is the confidence model's name, if one is asked. */
  constructor(model: string | null = null) {
    this.#model = model;
  }

  /** The records of all events of one call of the session. Some kinds of events have no record. */
  take(events: readonly CoreEvent[]): FineceRecord[] {
    for (const event of events) { // a position's token ratio is known once its choice has ended
      if (event.type === "finish") {
        this.#totals.set(event.choice, event);
      }
    }
    const records: FineceRecord[] = [];
    for (const event of events) {
      const record = this.#record(event);
      if (record !== undefined) {
        records.push(record);
      }
    }
    return records;
  }

  /** The records that end every position whose confidence can still change; the positions are forgotten. */
  unavailable(reason: Reason): ConfidenceRecord[] {
    const records = [...this.#open.values()].map(({ place, revision }) => unavailable(this.#settled(place), revision + 1, reason));
    this.#open.clear();
    return records;
  }

  #record(event: CoreEvent): FineceRecord | undefined {
    switch (event.type) {
      case "position": {
        const { entropy: { lower, upper } } = event;
        const place = this.#settled({
          ...event, ratio: null, entropy: lower === null && upper === null ? null : { lower, upper },
        });
        this.#open.set(keyOf(event), { place, revision: -1 });
        return { ...place, type: "position" };
      }
      case "confidence":
        return this.#confidence(event);
      case "fault":
        return { type: "fault", choice: event.choice, code: event.fault, offset: event.offset, detail: event.detail === "" ? null : event.detail };
      case "finish": {
        const { choice, finish, answer, reasoning, missing } = event;
        return {
          type: "end", choice, reason: finish, tokens: answer.tokens, reasoning: reasoning.tokens,
          approximate: answer.approximate || reasoning.approximate, missing,
        };
      }
      default:
        return undefined;
    }
  }

  #confidence(event: ConfidenceEvent): ConfidenceRecord | undefined {
    const key = keyOf(event);
    const known = this.#open.get(key);
    if (known === undefined) {
      return undefined;
    }
    const { state, revision } = event;
    const place = this.#settled(known.place);
    if (state === "unavailable") {
      this.#open.delete(key);
      return { ...unavailable(place, revision, "cancelled"), reason: event.reason };
    }
    if (state === "final") {
      this.#open.delete(key);
    } else {
      this.#open.set(key, { place, revision });
    }
    const value = state === "pending" ? { raw: null, fused: null, calibrated: false, source: null }
      : { raw: event.raw, fused: event.fused, calibrated: event.calibrated, source: this.#source(event) };
    return { ...place, type: "confidence", state, revision, ...value, reason: null };
  }

  #source({ source, calibration, outside }: KnownConfidence): Source {
    const model = source.estimator === "model";
    return {
      estimator: source.estimator === "builtin" ? "logprob" : source.estimator,
      method: source.estimator === "builtin" ? source.method : null,
      basis: model ? source.basis : null,
      mass: model ? source.mass : null,
      model: model ? this.#model : null,
      map: calibration?.map ?? null,
      band: calibration?.band ?? null,
      outside,
    };
  }

  /** The place with its token ratio, if that is known. */
  #settled(place: Place): Place {
    const { kinds, segment, choice, token } = place;
    const end = this.#totals.get(choice);
    const total = end === undefined || segment === "refusal" ? 0 : end[segment].tokens;
    const ratio = kinds.includes("question") ? 0 : kinds.includes("end") ? 1 : total > 0 ? token / total : null;
    return ratio === place.ratio ? place : { ...place, ratio };
  }
}

function keyOf({ choice, index }: { readonly choice: number; readonly index: number }): number {
  return choice * 2 ** 32 + index;
}

/** The record of a position that has no value and will get none. */
export function unavailable(place: Place, revision: number, reason: Reason | "unknown"): ConfidenceRecord {
  return {
    ...place, type: "confidence", state: "unavailable", revision, raw: null, fused: null, calibrated: false, source: null, reason,
  };
}

/** The last record of a position after which no more come: its value is final, or it is unavailable for the reason given. */
export function settled(record: PositionRecord | ConfidenceRecord, reason: Reason | "unknown"): ConfidenceRecord {
  if (record.type === "position") {
    return unavailable(record, 0, reason);
  }
  const revision = record.revision + 1;
  return record.state === "provisional" && record.fused !== null ? { ...record, state: "final", revision } : unavailable(record, revision, reason);
}

/** Whether an event says that another answer replaces a choice's text so far. */
export function replaces(event: StreamEvent): event is DecisionRecord {
  return event.type === "decision" && event.action === "replace";
}
