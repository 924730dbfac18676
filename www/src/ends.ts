import { unavailable } from "./builder.js";
import type { FineceRecord, Place, Reason } from "./contract.js";
import type { StreamEvent } from "./events.js";

/** About how many bytes a token has, where there is no core to estimate it. */
const BYTES_PER_TOKEN = 4;

const encoder = new TextEncoder();

/** Where each choice's answer ends so far, for a stream that no session ends. */
export class AnswerEnds {
  readonly #choices = new Map<number, { byte: number; utf16: number; index: number; found: boolean }>();

  /** Takes the next event. */
  note(event: StreamEvent): void {
    if (event.type !== "position" && (event.type !== "text" || event.segment !== "answer")) {
      return;
    }
    let end = this.#choices.get(event.choice);
    if (end === undefined) {
      this.#choices.set(event.choice, end = { byte: 0, utf16: 0, index: 0, found: false });
    }
    if (event.type === "position") {
      end.index = event.index;
      end.found ||= event.kinds.includes("end");
    } else {
      end.byte += encoder.encode(event.text).length;
      end.utf16 += event.text.length;
    }
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
}
