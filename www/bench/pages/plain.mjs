// A plain JavaScript version of the core's detector and of its confidence, for
// comparison: ends of paragraphs as package position defines them, but for display
// math and tables, and the perplexity of the tokens before. One choice, one
// segment, OpenAI's chunks.

const FENCE = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})/;
const ITEM = /^([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]/;
const RULE = /^[ \t>]*([-*_=])(?:[ \t]*\1){2,}[ \t]*$/;

/** Finds ends of paragraphs: `feed` takes text and returns the offsets, in UTF-16 code units, that are certain by then. */
export class Paragraphs {
  #rest = ""; // the line under way
  #at = 0; // where it begins
  #end = -1; // of the last line that was not blank
  #blank = false; // whether blank lines follow it
  #fence = "";
  #item = -1; // the indentation of the open list item

  feed(text) {
    const found = [];
    this.#rest += text;
    for (let i; (i = this.#rest.indexOf("\n")) >= 0; ) {
      this.#line(this.#rest.slice(0, i), found);
      this.#rest = this.#rest.slice(i + 1);
      this.#at += i + 1;
    }
    // A line's first character shows that the text goes on, unless it may be a rule.
    if (this.#blank && /[^\s>]/.test(this.#rest) && !/^[ \t>]*([-*_=])(?:[ \t]*\1)*[ \t]*$/.test(this.#rest)) {
      this.#goOn(this.#rest, found);
    }
    return found;
  }

  #line(line, found) {
    const fence = FENCE.exec(line)?.[1];
    if (this.#fence !== "") {
      if (fence?.startsWith(this.#fence) && line.trim() === fence) this.#fence = "";
      this.#end = this.#at + line.trimEnd().length;
      return;
    }
    if (/^[\s>]*$/.test(line)) {
      this.#blank = this.#end >= 0;
      return;
    }
    if (RULE.test(line)) return;
    this.#goOn(line, found);
    if (fence !== undefined) this.#fence = fence;
    const item = ITEM.exec(line);
    if (item !== null && this.#item < 0) this.#item = item[1].length;
    this.#end = this.#at + line.trimEnd().length;
  }

  #goOn(line, found) {
    if (!this.#blank) return;
    this.#blank = false;
    if (this.#item >= 0 && /^\s*/.exec(line)[0].length > this.#item) return; // the item goes on
    this.#item = -1;
    found.push(this.#end);
    this.#end = -1;
  }
}

/** Reads a chat completion's stream: `onConfidence` gets the position and the confidence of each paragraph's end. */
export class PlainScorer {
  #decoder = new TextDecoder();
  #rest = "";
  #paragraphs = new Paragraphs();
  #tokens = []; // where each begins, and its log-probability
  #length = 0;

  constructor(onText, onConfidence) {
    this.onText = onText;
    this.onConfidence = onConfidence;
  }

  write(bytes) {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const lines = this.#rest.split(/\r?\n/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) this.#chunk(JSON.parse(line.slice(6)));
    }
  }

  #chunk({ choices: [choice] }) {
    const content = choice?.delta.content;
    if (!content) return;
    for (const { token, logprob } of choice.logprobs?.content ?? []) {
      this.#tokens.push({ start: this.#length, logprob });
      this.#length += token.length;
    }
    this.onText(content);
    for (const utf16 of this.#paragraphs.feed(content)) {
      const before = this.#tokens.filter(({ start }) => start < utf16);
      const mean = before.reduce((sum, { logprob }) => sum + logprob, 0) / before.length;
      this.onConfidence({ utf16, value: Math.exp(mean) });
    }
  }
}
