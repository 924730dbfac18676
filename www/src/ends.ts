import { replaces, settled, unavailable } from "./builder.js";
import type { ConfidenceRecord, FineceRecord, Place, PositionRecord, Reason } from "./contract.js";
import type { StreamEvent } from "./events.js";

/** About how many bytes a token has, where there is no core to estimate it. */
const BYTES_PER_TOKEN = 4;

const encoder = new TextEncoder();

/** Where each choice's answer ends so far, and what is not final yet, for a stream that no session ends. */
export class AnswerEnds {
  readonly #choices = new Map<number, { byte: number; utf16: number; index: number; found: boolean }>();
  readonly #open = new Map<string, PositionRecord | ConfidenceRecord>();

  /** Takes the next event. */
  note(event: StreamEvent): void {
    if (event.type === "text") {
      if (event.segment === "answer") {
        const end = this.#endOf(event.choice);
        end.byte += encoder.encode(event.text).length;
        end.utf16 += event.text.length;
      }
    } else if (replaces(event)) { // its positions are forgotten
      this.#endOf(event.choice).found = false;
      this.#open.forEach((record, key) => record.choice === event.choice && this.#open.delete(key));
    } else if (event.type === "position" || event.type === "confidence") {
      const end = this.#endOf(event.choice);
      end.index = Math.max(end.index, event.index);
      end.found ||= event.kinds.includes("end");
      const key = `${String(event.choice)} ${String(event.index)}`;
      if (event.type === "confidence" && (event.state === "final" || event.state === "unavailable")) {
        this.#open.delete(key);
      } else {
        this.#open.set(key, event);
      }
    }
  }

  /** The last records of the positions that are not final yet; see {@link settled}. */
  settle(reason: Reason | "unknown"): ConfidenceRecord[] {
    return [...this.#open.values()].map((record) => settled(record, reason));
  }

  /** The records that say of each answer with text, if nothing has, that its confidence is unavailable. */
  unavailable(reason: Reason | "unknown"): FineceRecord[] {
    return [...this.#choices].filter(([, { found, utf16 }]) => !found && utf16 > 0).flatMap(([choice, { byte, utf16, index }]) => {
      const place: Place = {
        choice, index: index + 1, kinds: ["end"], segment: "answer", byte, utf16, token: Math.ceil(byte / BYTES_PER_TOKEN),
        ratio: 1, entropy: null, approximate: true,
      };
      return [{ ...place, type: "position" }, unavailable(place, 0, reason)] satisfies FineceRecord[];
    });
  }

  #endOf(choice: number): { byte: number; utf16: number; index: number; found: boolean } {
    let end = this.#choices.get(choice);
    if (end === undefined) {
      this.#choices.set(choice, end = { byte: 0, utf16: 0, index: 0, found: false });
    }
    return end;
  }
}
