import { replaces } from "./builder.js";
import type { StreamEvent } from "./events.js";

/** Hears of a stream's events whether the stream became an answer. */
export class Outcome {
  /** What the provider said of an error, `null` if the stream has no answer; `undefined` if all is well. */
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
