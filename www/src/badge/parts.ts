import { unitsOf } from "../units.js";
import type { PositionConfidence } from "./positions.js";

/** A part of an answer's source: from the end of the part before it to its position. Offsets are UTF-16 code units. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly position: PositionConfidence;
}

/** The parts into which positions, in order, divide an answer with this source; none is empty. */
export function partsOf(positions: readonly PositionConfidence[], source: string): Part[] {
  let end = beginOf(positions, source);
  return positions.filter(({ kinds }) => !kinds.includes("question")).flatMap((position) => {
    const start = end;
    end = Math.max(end, position.utf16);
    return end > start ? [{ start, end, position }] : [];
  });
}

/** Where the text begins that positions are of: at 0, or after an answer that was replaced and the server's note about that, which is a paragraph. */
function beginOf([first]: readonly PositionConfidence[], source: string): number {
  if (first?.begin === undefined) {
    return 0;
  }
  const at = unitsOf(source, first.begin);
  const after = at + (/^\s*\S.*?\n\s*\n/s.exec(source.slice(at))?.[0].length ?? 0);
  return after < first.utf16 ? after : at;
}

/** An answer as it is now: its source, and its positions in order. */
export interface AnsweredText {
  readonly source: string;
  readonly positions: readonly PositionConfidence[];
}

/** A paragraph in the list of an answer's details. */
export interface ParagraphRow {
  readonly position: PositionConfidence;
  /** Some words of it. */
  readonly text: string;
}

/** The paragraphs for the list in an answer's details. */
export function rowsOf({ source, positions }: AnsweredText): ParagraphRow[] {
  return partsOf(positions, source)
    .map(({ position, start, end }) => ({ position, text: excerptOf(source.slice(start, end)) }))
    .filter(({ text }) => text !== "");
}

/** The first words of a part of the source, without Markdown's marks. */
function excerptOf(source: string): string {
  const plain = source.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/^[\s>#|*+-]+|[*_`|$]+/gm, " ").replace(/\s+/g, " ").trim();
  return plain.length > 90 ? `${plain.slice(0, 80).replace(/\s\S*$/u, "")}…` : plain;
}
