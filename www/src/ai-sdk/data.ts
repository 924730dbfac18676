import { ConfidenceLog, type PositionConfidence } from "../badge/positions.js";
import type { StreamEvent } from "../events.js";

/** The data of a `data-finece` part. */
export type FineceData = PositionConfidence;

/** FineCE's data parts, for a message type: `UIMessage<unknown, FineceDataParts>`. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- an interface would not fit the SDK's index signature
export type FineceDataParts = { finece: FineceData };

/** A part of a message that gives or revises one position's confidence. */
export interface FinecePart {
  readonly type: "data-finece";
  /** The position's, the same for every revision: writing it again replaces the part. */
  readonly id: string;
  readonly data: FineceData;
}

/** What {@link confidenceParts} writes to: the writer of `createUIMessageStream`, or anything like it. */
export interface PartWriter {
  write(part: FinecePart): void;
}

/**
 * A listener for the events of `confidenceFetch`, `ConfidenceStream` or
 * {@link confidenceMiddleware} that writes each position as a `data-finece`
 * part. A revision has the id of the value before, which it replaces in the
 * message. Use one for each message; `prefix` keeps the ids of several steps in
 * one message apart.
 */
export function confidenceParts(writer: PartWriter, prefix = ""): (event: StreamEvent) => void {
  const log = new ConfidenceLog();
  return (event) => {
    const data = log.apply(event);
    if (data !== undefined && data.revision >= 0) {
      writer.write({ type: "data-finece", id: `${prefix}${String(data.choice)}:${String(data.index)}`, data });
    }
  };
}

/** The positions in a message's parts, those of the answer of choice 0, in order. */
export function confidencesOf(message: { readonly parts: readonly { readonly type: string }[] }): PositionConfidence[] {
  return message.parts
    .filter((part) => part.type === "data-finece")
    .map((part) => (part as FinecePart).data)
    .filter(({ choice, segment }) => choice === 0 && segment === "answer")
    .sort((a, b) => a.index - b.index);
}
