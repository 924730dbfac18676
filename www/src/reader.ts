import type { Format } from "./config.js";
import type { Segment, TextEvent } from "./events.js";
import { type FrameHandler, Framer } from "./framing.js";
import { TextFinder } from "./text.js";
import { ThinkingSplitter } from "./thinking.js";

/**
 * Reads a model's stream, or a whole answer, without a core: its text, as it
 * comes. Bytes that are no answer give no text.
 */
export class AnswerReader {
  readonly #framer: Framer;
  readonly #finder: TextFinder;
  readonly #splitters = new Map<number, ThinkingSplitter>();
  readonly #handler: FrameHandler;
  #events: TextEvent[] = [];
  readonly #maxChoices: number;
  #over = false;

  /**
   * `format` says what the bytes are where that cannot be recognised. Choices
   * from `maxChoices` up are skipped, as the core skips them.
   */
  constructor(format: Format = "auto", maxChoices = 16) {
    this.#maxChoices = maxChoices;
    this.#framer = new Framer(format);
    this.#finder = new TextFinder(format);
    this.#handler = {
      value: (json) => { this.#value(json); },
      comment: () => undefined,
      text: (text) => { this.#answer(0, text); },
    };
  }

  /** Takes the next bytes, cut anywhere, and returns the text that they complete. */
  take(bytes: Uint8Array): TextEvent[] {
    this.#framer.take(bytes, this.#handler);
    return this.#taken();
  }

  /** Says that no more bytes come. */
  end(): TextEvent[] {
    this.#framer.end(this.#handler);
    for (const [choice, splitter] of this.#splitters) {
      splitter.end((segment, text) => { this.#say(choice, segment, text); });
    }
    return this.#taken();
  }

  #taken(): TextEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #value(json: string): void {
    if (this.#over) {
      return;
    }
    if (json.trim() === "[DONE]") {
      this.#over = true;
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      return; // the core says that it is no JSON
    }
    for (const { choice, segment, text } of this.#finder.find(value)) {
      if (choice >= this.#maxChoices) {
        continue;
      }
      if (segment === "answer") {
        this.#answer(choice, text);
      } else {
        this.#say(choice, segment, text);
      }
    }
  }

  #answer(choice: number, text: string): void {
    let splitter = this.#splitters.get(choice);
    if (splitter === undefined) {
      this.#splitters.set(choice, splitter = new ThinkingSplitter());
    }
    splitter.take(text, (segment, part) => { this.#say(choice, segment, part); });
  }

  #say(choice: number, segment: Segment, text: string): void {
    const last = this.#events.at(-1);
    if (last?.choice === choice && last.segment === segment) {
      this.#events[this.#events.length - 1] = { ...last, text: last.text + text };
    } else {
      this.#events.push({ type: "text", choice, segment, text });
    }
  }
}
