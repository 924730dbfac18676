import type { Format } from "./config.js";

/** The functions that get the parts of a stream. */
export interface FrameHandler {
  /** One event's payload: JSON, or `[DONE]`; "" for a payload that is not needed. */
  value(json: string): void;
  /** A comment line of an event stream, without its colon. */
  comment(text: string): void;
  /** Plain text. */
  text(text: string): void;
}

type Framing = "undecided" | "events" | "values" | "text" | "none";

// The core decides on at most 1024 bytes, too.
const MAX_HEAD = 1024;
/** The longest event that is kept, in UTF-16 code units. A longer one is dropped. */
const MAX_EVENT = 16 << 20;

/**
 * Cuts a stream's bytes into events: those of an event stream, JSON objects
 * that follow each other (NDJSON, an array, or pretty-printed), or plain text.
 * It decides by the first bytes, as the core does.
 */
export class Framer {
  readonly #decoder = new TextDecoder();
  readonly #format: Format;
  readonly #wanted: readonly string[] | undefined;
  #framing: Framing = "undecided";
  /** The beginning of the event or line that the next bytes continue. It is not searched again. */
  #rest = "";
  #return = false;
  #data: string[] = [];
  #dropped = false;
  /** The event is Replicate's output: its data is text. */
  #output = false;
  #depth = 0;
  #quoted = false;
  #escaped = false;

  /**
   * Cuts a stream of a format. With `wanted`, only events with one of these words
   * count: for others nothing is called, or `value` with "".
   */
  constructor(format: Format = "auto", wanted?: readonly string[]) {
    this.#format = format;
    this.#wanted = wanted;
    if (format === "text") {
      this.#framing = "text";
    }
  }

  /** Takes the stream's next bytes, cut anywhere. */
  take(bytes: Uint8Array, handler: FrameHandler): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }), false, handler);
  }

  /** Says that the stream is over. The last event may lack its end. */
  end(handler: FrameHandler): void {
    this.#take(this.#decoder.decode(), true, handler);
    if (this.#framing === "events") {
      this.#line(this.#rest, handler);
      this.#line("", handler);
    }
    this.#rest = "";
  }

  #take(text: string, last: boolean, handler: FrameHandler): void {
    if (this.#framing === "undecided") {
      text = this.#rest + text;
      this.#rest = "";
      const found = framingOf(text.slice(0, MAX_HEAD), last || text.length >= MAX_HEAD);
      if (found === "undecided") {
        this.#rest = text;
        return;
      }
      this.#framing = found === "text" && this.#format !== "auto" ? "events" : found;
      if (text.startsWith("\0")) {
        handler.value(""); // only the core reads it
      }
    }
    if (this.#framing === "events") {
      this.#lines(text, handler);
    } else if (this.#framing === "values") {
      this.#values(text, handler);
    } else if (this.#framing === "text" && text !== "") {
      handler.text(text);
    }
  }

  #lines(text: string, handler: FrameHandler): void {
    if (this.#return) {
      text = `\r${text}`;
    }
    // A carriage return at the end may be half of a line end.
    this.#return = text.endsWith("\r");
    if (this.#return) {
      text = text.slice(0, -1);
    }
    let begin = 0;
    if (!text.includes("\r")) { // nearly always, and much faster
      text = this.#skip(text, handler);
      for (let end; (end = text.indexOf("\n", begin)) >= 0; begin = end + 1) {
        this.#line(this.#rest + text.slice(begin, end), handler);
        this.#rest = "";
      }
    }
    const ends = /\r\n|\n|\r/g;
    ends.lastIndex = begin;
    for (let match; (match = ends.exec(text)) !== null; begin = ends.lastIndex) {
      this.#line(this.#rest + text.slice(begin, match.index), handler);
      this.#rest = "";
    }
    this.#keep(text.slice(begin));
  }

  /** Skips whole events before the first wanted one. Returns the text that is left. */
  #skip(text: string, handler: FrameHandler): string {
    if (this.#wanted === undefined || this.#data.length > 0) {
      return text;
    }
    const all = this.#rest + text;
    const found = this.#wanted.map((word) => all.indexOf(word)).filter((at) => at >= 0);
    const end = all.lastIndexOf("\n\n", Math.min(all.length, ...found) - 2);
    if (end < 0 || !/^data:/m.test(all.slice(0, end))) {
      return text;
    }
    handler.value("");
    this.#rest = "";
    this.#dropped = false;
    return all.slice(end + 2);
  }

  #keep(text: string): void {
    this.#rest += text;
    if (this.#rest.length > MAX_EVENT) {
      this.#rest = "";
      this.#dropped = true;
    }
  }

  #line(line: string, handler: FrameHandler): void {
    if (line === "") {
      if (this.#data.length > 0 && !this.#dropped) {
        const data = this.#data.length === 1 ? this.#data[0] ?? "" : this.#data.join("\n");
        if (this.#output && !/^\{.*\}$/s.test(data)) {
          handler.text(data);
        } else {
          handler.value(data);
        }
      }
      this.#data = [];
      this.#dropped = this.#output = false;
    } else if (line.startsWith("data: ")) {
      this.#data.push(line.slice(6));
    } else if (line.startsWith(":")) {
      handler.comment(line.slice(1));
    } else if (/^event: ?output$/.test(line)) {
      this.#output = true;
    } else {
      const value = /^ ?data:? ?/.exec(line);
      if (value !== null && (line.trimStart() === "data" || value[0].includes(":"))) {
        this.#data.push(line.slice(value[0].length));
      }
    }
  }

  #values(text: string, handler: FrameHandler): void {
    let begin = 0;
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (this.#escaped) {
        this.#escaped = false;
      } else if (this.#quoted) {
        this.#escaped = c === "\\";
        this.#quoted = c !== '"';
        if (c === "\n") { // no string has one: the object is broken
          this.#quoted = false;
          this.#depth = 0;
        }
      } else if (c === '"') {
        this.#quoted = this.#depth > 0;
      } else if (c === "{" || (c === "[" && this.#depth > 0)) {
        if (this.#depth++ === 0) {
          begin = i;
          this.#rest = "";
          this.#dropped = false;
        }
      } else if ((c === "}" || c === "]") && this.#depth > 0 && --this.#depth === 0 && !this.#dropped) {
        handler.value(this.#rest + text.slice(begin, i + 1));
        this.#rest = "";
      }
    }
    if (this.#depth > 0) {
      this.#keep(text.slice(begin));
    }
  }
}

/** The framing that a stream begins with; `last` if no more bytes help to decide. */
function framingOf(head: string, last: boolean): Framing {
  const unsure = last ? "text" : "undecided";
  if (head.startsWith("\0")) {
    return "none"; // AWS's binary event stream; the core reads it
  }
  const begin = head.replace(/^[ \t\r\n]+/, "");
  if (begin === "" || /^([{[][ \t\r\n]*|\[D(O(N(E)?)?)?)$/.test(begin)) {
    return unsure;
  }
  if (begin.startsWith("{") || begin.startsWith("[")) {
    return /^(\{[ \t\r\n]*["}]|\[[ \t\r\n]*[{\]]|\[DONE\])/.test(begin) ? "values" : "text";
  }
  if (begin.startsWith("<")) {
    return /^<(!doctype|html|\?xml)/i.test(begin) ? "none"
      : ["<!doctype", "<html", "<?xml"].some((name) => name.startsWith(begin.toLowerCase())) ? unsure : "text";
  }
  return framingOfLines(begin, last);
}

function framingOfLines(head: string, last: boolean): Framing {
  const lines = head.split(/\r\n|\n|\r/);
  let typed = false; // a line gave the event's type
  for (const [i, line] of lines.entries()) {
    const whole = i < lines.length - 1;
    const [field, name] = /^(?:(data|error|event|id|retry):|:|$)/.exec(line) ?? [];
    if (field === undefined) {
      const begun = !whole && ["data:", "error:", "event:", "id:", "retry:"].some((prefix) => prefix.startsWith(line));
      return begun && !last ? "undecided" : begun && i > 0 ? "events" : "text";
    }
    if (name === "data" || name === "error") {
      const value = line.slice(name.length + 1).replace(/^ /, "");
      if (value !== "" || whole) {
        return typed || value === "" || /^[{[]/.test(value) ? "events" : "text";
      }
    } else if (whole) {
      typed ||= name === "event";
    } else if (last && i === 0 && !line.startsWith(":")) {
      return "text";
    }
  }
  return last ? "events" : "undecided";
}
