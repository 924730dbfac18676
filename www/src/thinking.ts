import type { Segment } from "./events.js";

const OPENS = /^[\0-\x20]{0,64}<think(ing)?>/;

/**
 * Separates the reasoning that some models write at the beginning of their answer, in `<think>` or
 * `<thinking>` tags, from the answer. The tags, and the white space before the first tag, belong to
 * neither. The core does the same, so the offsets agree.
 */
export class ThinkingSplitter {
  #state: "start" | "thinking" | "answer" = "start";
  #close = "";
  #held = "";

  /** Takes the answer's next text. `say` gets it in the segment that it belongs to. */
  take(text: string, say: (segment: Segment, text: string) => void): void {
    if (this.#state === "start") {
      this.#held += text;
      const open = OPENS.exec(this.#held);
      if (open === null) {
        if (mayOpen(this.#held)) {
          return;
        }
        this.#state = "answer";
        text = this.#held;
      } else {
        this.#state = "thinking";
        this.#close = open[1] === undefined ? "</think>" : "</thinking>";
        text = this.#held.slice(open[0].length);
      }
      this.#held = "";
    }
    if (this.#state === "thinking") {
      text = this.#thinking(this.#held + text, say);
    }
    if (text !== "") {
      say("answer", text);
    }
  }

  /** Takes reasoning and returns what comes after its closing tag. */
  #thinking(text: string, say: (segment: Segment, text: string) => void): string {
    const close = this.#close;
    const at = text.indexOf(close);
    let end = at;
    if (at < 0) { // the end of the text may be the beginning of the tag
      end = Math.max(0, text.length - close.length + 1);
      while (!close.startsWith(text.slice(end))) {
        end++;
      }
    }
    if (end > 0) {
      say("reasoning", text.slice(0, end));
    }
    this.#held = at < 0 ? text.slice(end) : "";
    this.#state = at < 0 ? "thinking" : "answer";
    return at < 0 ? "" : text.slice(at + close.length);
  }

  /** Call this when no more text comes: text that was held back goes to `say`. */
  end(say: (segment: Segment, text: string) => void): void {
    if (this.#held !== "") {
      say(this.#state === "thinking" ? "reasoning" : "answer", this.#held);
    }
    this.#held = "";
  }
}

function mayOpen(text: string): boolean {
  const tag = text.replace(/^[\0-\x20]{0,64}/, "");
  return "<thinking>".startsWith(tag) || "<think>".startsWith(tag);
}
