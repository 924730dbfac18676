import type { Format } from "./config.js";
import { type FineceRecord, RECORD_VERSION, type Segment } from "./contract.js";
import { readEnvelope } from "./envelope.js";
import type { TextEvent } from "./events.js";
import { type FrameHandler, Framer } from "./framing.js";
import { TextFinder } from "./text.js";
import { ThinkingSplitter } from "./thinking.js";

/** How an {@link AnswerReader} reads. */
export interface AnswerReaderOptions {
  /** The format of the bytes, if it cannot be recognised; default `auto`. */
  format?: Format | undefined;
  /** Choices with this number or a higher one are skipped, as in the core; default 16. */
  maxChoices?: number | undefined;
  /** Whether to return the text; default true. With false, less is parsed. */
  text?: boolean | undefined;
}

/**
 * Reads a model's stream, or a whole answer, without a core. It returns the text as it arrives, and
 * the records that a FineCE server put into the stream. A `start` record comes before the first
 * record. For bytes that are not an answer, it returns nothing.
 */
export class AnswerReader {
  readonly #framer: Framer;
  readonly #finder: TextFinder | undefined;
  readonly #maxChoices: number;
  readonly #splitters = new Map<number, ThinkingSplitter>();
  readonly #handler: FrameHandler;
  #events: (TextEvent | FineceRecord)[] = [];
  #error: unknown;
  #over = false;
  #begun = false;
  #version = 0;

  constructor({ format = "auto", maxChoices = 16, text = true }: AnswerReaderOptions = {}) {
    this.#maxChoices = maxChoices;
    this.#framer = new Framer(format, text ? undefined : ["finece", "[DONE]"]);
    this.#finder = text ? new TextFinder(format) : undefined;
    this.#handler = {
      value: (json) => { this.#value(json); },
      comment: (comment) => {
        if (comment.startsWith(" finece ")) {
          this.#records(comment);
        }
      },
      text: (said) => {
        this.#begun = true;
        if (text) {
          this.#answer(0, said);
        }
      },
    };
  }

  /** Whether an event, or plain text, has arrived. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The version of the records that the server sends; 0 if it has sent none. */
  get version(): number {
    return this.#version;
  }

  /** The provider's error, if the stream had one; `null` if the stream has had no event, text or record so far. */
  get failure(): unknown {
    return this.#error ?? (this.#begun || this.#version > 0 ? undefined : null);
  }

  /** Takes the next bytes, cut anywhere, and returns what they complete. */
  take(bytes: Uint8Array): (TextEvent | FineceRecord)[] {
    this.#framer.take(bytes, this.#handler);
    return this.#taken();
  }

  /** Says that no more bytes come. */
  end(): (TextEvent | FineceRecord)[] {
    this.#framer.end(this.#handler);
    for (const [choice, splitter] of this.#splitters) {
      splitter.end((segment, text) => { this.#say(choice, segment, text); });
    }
    return this.#taken();
  }

  #taken(): (TextEvent | FineceRecord)[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #value(json: string): void {
    this.#begun = true;
    if (json.length < 16 && json.trim() === "[DONE]") {
      this.#over = true;
    }
    const carries = json.includes('"finece"');
    if (this.#over || (this.#finder === undefined && !carries)) {
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      return; // the core says that it is no JSON
    }
    const { error } = (value ?? {}) as { readonly error?: unknown };
    this.#error ??= error === "" ? undefined : error;
    for (const { choice, segment, text } of this.#finder?.find(value) ?? []) {
      if (choice >= this.#maxChoices) {
        continue;
      }
      if (segment === "answer") {
        this.#answer(choice, text);
      } else {
        this.#say(choice, segment, text);
      }
    }
    if (carries && typeof value === "object" && value !== null && "finece" in value) {
      this.#records(value);
    }
  }

  #records(carrier: unknown): void {
    const envelope = readEnvelope(carrier);
    if (envelope === undefined || this.#over) {
      return;
    }
    const { version, id, generator, events } = envelope;
    if (this.#version === 0) {
      this.#events.push({ type: "start", version, id, generator });
    }
    this.#version = Math.max(this.#version, version);
    if (this.#version <= RECORD_VERSION) {
      this.#events.push(...events);
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
    if (last?.type === "text" && last.choice === choice && last.segment === segment) {
      this.#events[this.#events.length - 1] = { ...last, text: last.text + text };
    } else {
      this.#events.push({ type: "text", choice, segment, text });
    }
  }
}
