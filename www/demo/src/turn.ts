import { type Core, type ScoringConfig, type Session, type SessionConfig, type StreamEvent } from "finece";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";

/** How the answers are scored. */
export type Settings = ScoringConfig & Pick<SessionConfig, "estimator">;

/** An answer: the bytes that came, and what the core made of them under the present settings. */
export class Turn {
  /** The answer's text so far. */
  text = "";
  /** The answer's tokens so far, of the last position or in all. */
  tokens = 0;
  /** Whether the tokens are estimated. */
  estimated = false;
  /** Whether the stream is over. */
  done = false;
  /** What went wrong, for the reader. */
  problem: string | undefined;

  #chunks: Uint8Array[] = [];
  #core: Core | undefined;
  #session: Session | undefined;
  #log = new ConfidenceLog();
  #plain: TextOnly | undefined;
  #failure: string | undefined;

  constructor(core: Core | undefined, settings: Settings) {
    this.#core = core;
    this.#open(settings);
  }

  /** The answer's positions in order. */
  get positions(): PositionConfidence[] {
    const list = this.#log.positions();
    if (this.#plain === undefined || this.text === "" || !this.done) {
      return list;
    }
    // Without the core there is one thing to say of the whole answer.
    return [{
      choice: 0, index: 1, kinds: ["end"], segment: "answer", utf16: this.text.length, token: 0,
      state: "unavailable", value: null, raw: null, first: null, revision: 0, reason: "core-lost", source: null,
    }];
  }

  /** Takes the stream's next bytes. */
  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#feed(bytes);
  }

  /** Says that the stream is over. */
  end(): void {
    this.done = true;
    this.#finish();
  }

  /** Says what went wrong on the way to here; it stands whatever the stream says. */
  fail(problem: string): void {
    this.problem = this.#failure = problem;
  }

  /** Scores what has come anew. */
  rescore(core: Core | undefined, settings: Settings): void {
    this.#core = core;
    this.#session?.close();
    this.#log = new ConfidenceLog();
    this.text = "";
    this.tokens = 0;
    this.problem = this.#failure;
    this.#plain = undefined;
    const chunks = this.#chunks;
    this.#chunks = []; // of which a loss makes the text anew
    this.#open(settings);
    chunks.forEach((chunk) => { this.write(chunk); });
    if (this.done) {
      this.#finish();
    }
  }

  #open(settings: Settings): void {
    if (this.#core === undefined) {
      this.#plain = new TextOnly();
      return;
    }
    try {
      this.#session = this.#core.open({ ...settings, text: true });
      this.#apply(this.#session.opening);
    } catch (error) {
      this.#lose(error);
    }
  }

  #feed(bytes: Uint8Array): void {
    if (this.#plain !== undefined) {
      this.text += this.#plain.take(bytes);
      return;
    }
    this.#run((session) => session.write(bytes));
  }

  #finish(): void {
    this.#run((session) => session.end());
    this.#session?.close();
    this.#session = undefined;
  }

  #run(call: (session: Session) => readonly StreamEvent[]): void {
    if (this.#session !== undefined && this.#plain === undefined) {
      try {
        this.#apply(call(this.#session));
      } catch (error) {
        this.#lose(error);
      }
    }
  }

  /** Text is shown whatever becomes of the scoring. */
  #lose(error: unknown): void {
    this.problem = `Confidence is unavailable: ${error instanceof Error ? error.message : String(error)}`;
    this.#plain = new TextOnly();
    this.text = this.#chunks.map((chunk) => this.#plain?.take(chunk) ?? "").join("");
  }

  #apply(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (event.type === "text" && event.choice === 0 && event.segment === "answer") {
        this.text += event.text;
      } else if (event.type === "finish" && event.choice === 0) {
        this.tokens = event.answer.tokens;
        this.estimated = event.answer.estimated;
      } else if (event.type === "fault" && this.#failure === undefined) {
        this.problem = `${event.fault}${event.detail === "" ? "" : `: ${event.detail}`}`;
      }
      const changed = this.#log.apply(event);
      if (changed?.segment === "answer" && changed.choice === 0) {
        this.tokens = Math.max(this.tokens, changed.token);
      }
    }
  }
}

/** Reads the text of a chat completion's stream, for when there is no core. */
class TextOnly {
  readonly #decoder = new TextDecoder();
  #rest = "";

  take(bytes: Uint8Array): string {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => {
      try {
        const chunk = JSON.parse(line.replace(/^data:/, "")) as { choices?: { delta?: { content?: unknown } }[] };
        const content = chunk.choices?.[0]?.delta?.content;
        return typeof content === "string" ? content : "";
      } catch {
        return "";
      }
    }).join("");
  }
}
