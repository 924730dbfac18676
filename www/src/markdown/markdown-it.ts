import { type Span, cellsOf, markHTML } from "./source.js";

interface Token {
  type: string;
  map: [number, number] | null;
  nesting: number;
  content: string;
  children: Token[] | null;
  meta: unknown;
}

interface State {
  readonly src: string;
  tokens: Token[];
  readonly Token: new (type: string, tag: string, nesting: -1 | 0 | 1) => Token;
}

/** A markdown-it parser: the members that the plugin uses. */
export interface MarkdownIt {
  readonly core: { readonly ruler: { push(name: string, rule: (state: never) => void): void } };
  readonly renderer: { readonly rules: Record<string, unknown> };
}

/** Tokens that are not text of an answer. */
const SILENT = /^(inline|hr|html_block|.*_mark|footnote_.*)$/;

/** A markdown-it plugin that emits a mark at the end of every run of text, and after every block of code or formula. */
export function markdownItMarks(md: MarkdownIt): void {
  md.renderer.rules["finece_mark"] = (tokens: readonly Token[], i: number): string => {
    const { span, block } = tokens[i]?.meta as { readonly span: Span; readonly block: boolean };
    return markHTML(span, block);
  };
  md.core.ruler.push("finece_mark", (state: State) => {
    const lines = linesOf(state.src);
    const line = (i: number): Span => [lines[i] ?? state.src.length, (lines[i + 1] ?? state.src.length + 1) - 1];
    const mark = (span: Span, block: boolean): Token => Object.assign(new state.Token("finece_mark", "", 0), { meta: { span, block } });
    let cells: Span[] = [];
    state.tokens = state.tokens.flatMap((token) => {
      const { type, map, nesting, children } = token;
      if (type === "tr_open" && map !== null) {
        cells = cellsOf(state.src, ...line(map[0]));
      } else if (type === "inline") {
        const span = map === null ? cells.shift() : spanOf(state.src, token.content, line(map[0]), line(map[1] - 1));
        if (span !== undefined && children !== null && children.length > 0) {
          children.push(mark(span, false));
        }
      } else if (nesting === 0 && map !== null && !SILENT.test(type)) {
        return [token, mark([line(map[0])[0], line(map[1] - 1)[1]], true)];
      }
      return [token];
    });
  });
}

/** The span of a text, given the spans of its first and its last line. */
function spanOf(source: string, content: string, [from, firstEnd]: Span, [lastFrom, to]: Span): Span {
  const lines = content.split("\n").map((text) => text.trim());
  const start = source.slice(from, firstEnd).indexOf(lines[0] ?? "");
  const last = lines.at(-1) ?? "";
  const end = source.slice(lastFrom, to).lastIndexOf(last);
  return [from + Math.max(0, start), end < 0 ? to : lastFrom + end + last.length];
}

/** Where each line begins. */
function linesOf(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}
