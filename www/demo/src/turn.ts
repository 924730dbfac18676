import { type Core, type ScoreOptions, Scorer, type ScoringConfig, type StreamEvent } from "finece";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";
import { type SavedConfidences, unitsOf } from "finece/store";

/** How the answers are scored. */
export type Settings = ScoringConfig & Pick<ScoreOptions, "estimator">;

/** An answer: the bytes that came, their text, and their confidences under the present settings. */
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
  /** What the server calls the answer, where it takes labels; "" elsewhere. */
  id = "";

  readonly #chunks: Uint8Array[] = [];
  readonly #core: () => Core | PromiseLike<Core>;
  readonly #changed: () => void;
  #scorer: Scorer | undefined;
  #log = new ConfidenceLog();
  #failure: string | undefined;

  /** `changed` is called when there is more to show than a call of `write` brought. */
  constructor(core: () => Core | PromiseLike<Core>, settings: Settings, changed: () => void) {
    this.#core = core;
    this.#changed = changed;
    this.rescore(settings);
  }

  /** The answer's positions in order. */
  get positions(): PositionConfidence[] {
    return this.#log.positions();
  }

  /** The answer's one confidence now. */
  get headline(): PositionConfidence | undefined {
    return this.#log.headline();
  }

  /** How much of the text, from its beginning, another answer replaced, in UTF-16 code units. */
  get replaced(): number {
    return unitsOf(this.text, this.#log.replaced());
  }

  /** The text and the records, as a chat keeps them. */
  saved(): SavedConfidences {
    return { text: this.text, finece: this.#log.toJSON() };
  }

  /** Takes the stream's next bytes. */
  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#scorer?.write(bytes);
  }

  /** Says that the stream is over. */
  end(): void {
    this.done = true;
    this.#scorer?.end();
  }

  /** Says what went wrong on the way to here. It stays, whatever the stream says. */
  fail(problem: string): void {
    this.problem = this.#failure = problem;
  }

  /** Scores again all that has come. */
  rescore(settings: Settings): void {
    const log = this.#log = new ConfidenceLog();
    this.text = "";
    this.tokens = 0;
    this.problem = this.#failure;
    this.#scorer = undefined; // the events of the one before are no longer wanted
    const scorer: Scorer = this.#scorer = new Scorer({
      ...settings, core: this.#core, text: true,
      onEvent: (event) => {
        if (this.#log === log) {
          this.#apply(event);
          this.#changed();
        }
      },
      onError: (error) => {
        if (this.#log === log) {
          this.problem = this.#failure ?? `Confidence is unavailable: ${error.message}`;
        }
      },
    });
    this.#chunks.forEach((chunk) => { scorer.write(chunk); });
    if (this.done) {
      scorer.end();
    }
  }

  #apply(event: StreamEvent): void {
    if (event.type === "text" && event.choice === 0 && event.segment === "answer") {
      this.text += event.text;
    } else if (event.type === "end" && event.choice === 0) {
      this.tokens = event.tokens;
      this.estimated = event.approximate;
    } else if (event.type === "fault" && this.#failure === undefined) {
      this.problem = `${event.code}${event.detail === null ? "" : `: ${event.detail}`}`;
    }
    const changed = this.#log.apply(event);
    if (changed?.segment === "answer" && changed.choice === 0) {
      this.tokens = Math.max(this.tokens, changed.token);
      this.estimated ||= changed.state === "unavailable" && changed.approximate;
    }
  }
}
