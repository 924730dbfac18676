import { LineCursor, type Span, cellsOf, markHTML } from "./source.js";

/** A token of marked: the members that the extension uses. */
export interface MarkedToken {
  type: string;
  raw: string;
  tokens?: MarkedToken[];
  items?: MarkedToken[];
  content?: MarkedToken[];
  header?: { tokens: MarkedToken[] }[];
  rows?: { tokens: MarkedToken[] }[][];
  span?: Span;
  block?: boolean;
}

/** Tokens that are not text of an answer. */
const SILENT = new Set(["space", "hr", "def", "html", "fineceMark", "footnotes"]);

/** An extension of marked that emits a mark at the end of every run of text, and after every block of code or formula. */
export function markedMarks(): {
  extensions: { name: string; renderer(token: { type: string }): string }[];
  hooks: { processAllTokens<T>(tokens: T): T };
} {
  return {
    extensions: [{
      name: "fineceMark",
      renderer: (token) => markHTML((token as MarkedToken).span ?? [0, 0], (token as MarkedToken).block ?? false),
    }],
    hooks: {
      processAllTokens<T>(tokens: T): T {
        const all = tokens as unknown as MarkedToken[];
        markBlocks(all, new LineCursor(all.map(({ raw, type }) => (type === "footnotes" ? "" : raw)).join(""), 0));
        return tokens;
      },
    },
  };
}

/** Marks the runs of consecutive blocks. */
function markBlocks(blocks: MarkedToken[], cursor: LineCursor): void {
  for (let i = 0; i < blocks.length; i++) {
    const block = blocks[i];
    if (block === undefined || SILENT.has(block.type)) {
      if (block !== undefined && block.type !== "footnotes") {
        cursor.find(block.raw);
      }
      continue;
    }
    const { type, raw, tokens, items, content } = block;
    if (type === "list" || type === "list_item" || type === "blockquote" || type === "footnote") {
      const [start] = cursor.find(raw);
      markBlocks(items ?? content ?? tokens ?? [], new LineCursor(cursor.source, start));
    } else if (type === "table") {
      markTable(block, cursor.source, cursor.find(raw));
    } else if (tokens !== undefined) {
      const span = cursor.find(raw);
      if (tokens.length > 0) {
        tokens.push({ type: "fineceMark", raw: "", span, block: false });
      }
    } else {
      blocks.splice(++i, 0, { type: "fineceMark", raw: "", span: cursor.find(raw), block: true });
    }
  }
}

function markTable({ header = [], rows = [] }: MarkedToken, source: string, [start, end]: Span): void {
  const lines: Span[] = [];
  for (let from = start; from < end; from = (lines.at(-1)?.[1] ?? end) + 1) {
    const to = source.indexOf("\n", from);
    lines.push([from, to < 0 || to > end ? end : to]);
  }
  lines.splice(1, 1); // the line of dashes
  for (const [i, row] of [header, ...rows].entries()) {
    const [from = end, to = end] = lines[i] ?? [];
    const cells = cellsOf(source, from, to);
    for (const [column, { tokens }] of row.entries()) {
      const span = cells[column];
      if (span !== undefined && tokens.length > 0) {
        tokens.push({ type: "fineceMark", raw: "", span, block: false });
      }
    }
  }
}
