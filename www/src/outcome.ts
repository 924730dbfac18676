import { replaces } from "./builder.js";
import type { StreamEvent } from "./events.js";

/** Finds out from a stream's events whether the stream has an answer. */
export class Outcome {
  /** The provider's error; `null` if the stream has no answer; `undefined` if the stream has an answer. */
  failure: string | null | undefined;

  /** Takes the next event. */
  note(event: StreamEvent): void {
    if (event.type === "fault" && event.code === "provider-error") {
      this.failure = event.detail;
    } else if (event.type === "end" && event.reason === "failed" && event.choice + event.tokens + event.reasoning === 0) {
      this.failure ??= null;
    } else if (replaces(event)) { // the answer that counts is another one
      this.failure = undefined;
    }
  }
}
