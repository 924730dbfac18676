import type { PositionConfidence } from "./positions.js";

/** The position that a block's badge shows, and how many of the block it stands for. */
export interface Assigned {
  /** The block's place in the list. */
  readonly block: number;
  readonly position: PositionConfidence;
}

/** Which blocks get a badge, and which positions get none because there are too many. */
export interface Assignment {
  readonly shown: readonly Assigned[];
  readonly rest: readonly PositionConfidence[];
}

/**
 * Gives each block the last of its positions. A position belongs to the last
 * block that begins before it. Of more than `limit` blocks with a position the
 * last ones are shown. `starts` are offsets in the source text that do not
 * decrease; NaN for a block that is not in it. Positions come in order.
 */
export function assign(
  starts: ArrayLike<number>, positions: readonly PositionConfidence[], limit: number,
): Assignment {
  const shown: Assigned[] = [];
  const known = Array.from(starts, (start, block) => ({ start, block })).filter(({ start }) => !Number.isNaN(start));
  let at = -1;
  for (const position of positions) {
    if (position.kinds.includes("question")) {
      continue;
    }
    for (let next; (next = known[at + 1]) !== undefined && next.start < position.utf16; at++) {
      // the next block begins before the position
    }
    const block = known[at]?.block;
    if (block !== undefined) {
      if (shown.at(-1)?.block === block) {
        shown.pop();
      }
      shown.push({ block, position });
    }
  }
  const cut = Math.max(0, shown.length - Math.max(1, limit));
  return { shown: shown.slice(cut), rest: shown.slice(0, cut).map(({ position }) => position) };
}

/** A source text as its renderer keeps it: no white space, no punctuation, and where each code unit was. */
export class SourceText {
  #source = "";
  #kept = "";
  #offsets: number[] = [];

  /** Takes the source as it is now; what was only appended to costs only the new part. */
  update(source: string): void {
    // The last unit may have been half of a surrogate pair.
    const whole = this.#source.length - 1;
    if (whole > 0 && source.length >= whole && source.startsWith(this.#source.slice(0, whole))) {
      while ((this.#offsets.at(-1) ?? -1) >= whole - 1) {
        this.#offsets.pop();
      }
      this.#kept = this.#kept.slice(0, this.#offsets.length);
      this.#take(source, Math.max(0, (this.#offsets.at(-1) ?? -1) + 1));
    } else {
      this.#kept = "";
      this.#offsets = [];
      this.#take(source, 0);
    }
    this.#source = source;
  }

  /**
   * Where blocks of rendered text begin in the source, in UTF-16 code units; NaN
   * for one that is not found. They are looked for in order, by the beginning of
   * their text, or its middle where the renderer changed the beginning.
   */
  starts(texts: readonly string[]): number[] {
    let from = 0;
    return texts.map((text) => {
      const block = kept(text).text;
      for (const [part, length] of [[0, 24], [0, 6], [0.34, 12], [0.67, 12]] as const) {
        const probe = block.slice(Math.floor(block.length * part)).slice(0, length);
        if (probe !== "") {
          const found = this.#kept.indexOf(probe, from);
          if (found >= 0) {
            // Some renderers write text twice, as with formulas: stay within the source.
            from = Math.min(found + Math.max(1, part === 0 ? block.length : probe.length), Math.max(found + 1, this.#kept.length - 1));
            return this.#offsets[found] ?? NaN;
          }
        }
      }
      return NaN;
    });
  }

  #take(source: string, from: number): void {
    const { text, offsets } = kept(source, from);
    this.#kept += text;
    for (const offset of offsets) {
      this.#offsets.push(offset);
    }
  }
}

const KEPT = /[\p{L}\p{M}\p{N}\p{So}]/gu;

function kept(text: string, from = 0): { text: string; offsets: number[] } {
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
