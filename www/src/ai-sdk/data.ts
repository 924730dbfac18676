import { ConfidenceLog, type PositionConfidence } from "../badge/positions.js";
import { replaces } from "../builder.js";
import { type Envelope, RECORD_VERSION } from "../contract.js";
import type { StreamEvent } from "../events.js";

/** The data of a `data-finece` part: an envelope with the records of one position. */
export type FineceData = Envelope;

/** FineCE's data parts, for a message type: `UIMessage<unknown, FineceDataParts>`. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- an interface would not fit the SDK's index signature
export type FineceDataParts = { finece: FineceData };

/** A part of a message that gives or revises one position's confidence. */
export interface FinecePart {
  readonly type: "data-finece";
  /** The part's id: the same for every revision of a position, so a revision replaces the earlier part. It ends in call, choice and index. */
  readonly id: string;
  readonly data: FineceData;
}

/** The writer that {@link confidenceParts} needs: that of `createUIMessageStream`, or one with the same methods. */
export interface PartWriter {
  write(part: FinecePart): void;
}

/** Which of a model's calls an event is of: what confidenceMiddleware or confidenceFetch says. */
type Call = number | { readonly number: number };

/**
 * A listener for the events of `confidenceFetch`, `ConfidenceStream` or
 * {@link confidenceMiddleware} that writes each position as a `data-finece` part. A revision has
 * the id of the earlier value and replaces it in the message. Use one listener for each message. If
 * an answer takes several calls, as with tools, the ids contain the number of the call. If one
 * message has several listeners, give each its own `prefix`.
 */
export function confidenceParts(writer: PartWriter, prefix = ""): (event: StreamEvent, call?: Call) => void {
  const calls = new Map<number, { readonly log: ConfidenceLog; readonly id: string }>();
  return (event, call = 0) => {
    const number = typeof call === "number" ? call : call.number;
    let known = calls.get(number);
    if (known === undefined) {
      calls.set(number, known = { log: new ConfidenceLog(), id: `${prefix}${String(calls.size)}` });
    }
    const { log, id } = known;
    const write = (choice: number, index: number): void => {
      writer.write({
        type: "data-finece", id: `${id}:${String(choice)}:${String(index)}`,
        data: { version: RECORD_VERSION, id: null, generator: null, events: log.records(choice, index) },
      });
    };
    const gone = replaces(event) ? log.all().filter(({ choice, revision }) => choice === event.choice && revision >= 0) : [];
    const changed = log.apply(event);
    gone.forEach(({ choice, index }) => { write(choice, index); }); // without records, since a part cannot be taken back
    if (changed !== undefined && changed.revision >= 0) {
      write(changed.choice, changed.index);
    }
  };
}

/**
 * The positions in a message's parts, for the answer of choice 0: in order, call after call. With
 * `call`, only the positions of this call, counted from 0. Their offsets are offsets in the text of
 * this call.
 */
export function confidencesOf(
  message: { readonly parts: readonly { readonly type: string }[] }, call?: number,
): PositionConfidence[] {
  return message.parts
    .filter((part) => part.type === "data-finece")
    .flatMap((part) => ConfidenceLog.from(part).positions().map((position) => ({ position, of: callOf((part as FinecePart).id) })))
    .filter(({ of }) => call === undefined || call === of)
    .sort((a, b) => a.of - b.of || a.position.index - b.position.index)
    .map(({ position }) => position);
}

function callOf(id: string): number {
  return Number(/(\d+):\d+:\d+$/.exec(id)?.[1] ?? 0);
}
