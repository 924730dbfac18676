/** A part of a source: where it begins and ends, in UTF-16 code units. */
export type Span = readonly [start: number, end: number];

/** A mark as HTML. */
export function markHTML([start, end]: Span, block: boolean): string {
  return `<finece-mark start="${String(start)}" end="${String(end)}"${block ? " block" : ""}></finece-mark>`;
}

/**
 * The cells of a table's row, without the white space around them. The row is a line of
 * the source, which may begin as quotes and lists do. A pipe after a backslash separates none.
 */
export function cellsOf(source: string, from: number, to: number): Span[] {
  const cells: Span[] = [];
  let start = from + (/^[ \t>]*/.exec(source.slice(from, to))?.[0].length ?? 0);
  const close = (end: number): void => {
    const text = source.slice(start, end);
    const left = start + text.length - text.trimStart().length;
    // A pipe at the beginning or the end of the line closes nothing.
    if (text.trim() !== "" || (cells.length > 0 && end < to)) {
      cells.push([left, Math.max(left, start + text.trimEnd().length)]);
    }
    start = end + 1;
  };
  for (let at = start; at < to; at++) {
    if (source[at] === "|" && source[at - 1] !== "\\") {
      close(at);
    }
  }
  close(to);
  return cells;
}

/** Finds texts in the source line by line. There each line may come after a prefix, as in lists and quotes. */
export class LineCursor {
  #at: number;

  constructor(readonly source: string, at: number) {
    this.#at = at;
  }

  /** Where the text is, from its first line that is not blank to its last. Later calls look after it. */
  find(text: string): Span {
    let start = -1;
    for (const line of text.split("\n")) {
      const wanted = line.trim();
      const found = wanted === "" ? -1 : this.source.indexOf(wanted, this.#at);
      if (found >= 0) {
        start = start < 0 ? found : start;
        this.#at = found + wanted.length;
      }
    }
    return [start < 0 ? this.#at : start, this.#at];
  }
}
