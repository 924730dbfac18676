const KEPT = /[\p{L}\p{M}\p{N}\p{So}]/gu;

/** A text as every renderer keeps it, without white space and punctuation, and where each code unit was. */
export function kept(text: string, from = 0): { readonly text: string; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let units = "";
  KEPT.lastIndex = from;
  for (let match; (match = KEPT.exec(text)) !== null; ) {
    const [unit] = match;
    units += unit;
    for (let i = 0; i < unit.length; i++) {
      offsets.push(match.index + i);
    }
  }
  return { text: units, offsets };
}

/** The source with each CR LF as one LF, as most renderers count it, and its offsets in that. */
export class LineFeeds {
  #source = "";
  #text = "";
  #removed: number[] = [];

  /** The source without the CRs. */
  get text(): string {
    return this.#text;
  }

  /** Takes the source as it is now. */
  update(source: string): void {
    if (source !== this.#source) {
      this.#source = source;
      this.#text = source;
      this.#removed = [];
      if (source.includes("\r\n")) {
        this.#text = source.replaceAll("\r\n", (_, at: number) => {
          this.#removed.push(at);
          return "\n";
        });
      }
    }
  }

  /** Where an offset in the source is in the text. */
  offset(at: number): number {
    return at - firstNot(this.#removed, (cr) => cr < at);
  }
}

/** How many of the first elements hold, in an array in which those that hold come first. */
export function firstNot<T>(array: readonly T[], holds: (element: T) => boolean): number {
  let low = 0, high = array.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(array[middle] as T)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
