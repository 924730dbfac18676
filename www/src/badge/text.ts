const KEPT = /[\p{L}\p{M}\p{N}\p{So}]/gu;

/** The part of a text that every renderer keeps, which is all but white space and punctuation, and the offset of each of its code units. */
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

/** The number of elements for which `holds` is true, in an array where they come before all others. */
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
