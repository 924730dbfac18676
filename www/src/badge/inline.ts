import { kept } from "./text.js";

/** A place in a rendered run: in a text, or after an element that has no places inside. */
export type InlinePlace = Spot & {
  /** The code units of the run's kept text before it: the same for all offsets within a code span or a formula. */
  readonly units: number;
};
type Spot = { readonly node: Text; readonly offset: number } | { readonly after: Element };

/** Elements whose text is not the source's, and so is not searched. */
const FOREIGN = ".katex, math, svg, sup, finece-mark, input, style, script";
/** Elements whose text is the source's, but that have no places inside. */
const WHOLE = "code";

/** Parts of a run's source that are not in its text: addresses, tags, entities, references, and prefixes of lines. */
const MARKUP = /!\[[^\]]*(?=\]\()|\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+(?:"[^"]*"|'[^']*'))?\)|\]\[[^\]]*\]|\[\^[^\]]*\]|<\/?[a-z][\w-]*(?:\s[^>]*)?\/?>|&#?\w+;|(?<=\n)[ \t>]+/gi;
const FORMULA = /\$\$[^$]+\$\$|\$[^$\n]+\$|\\\(.+?\\\)|\\\[.+?\\\]/gs;

const CODE = /(?<!`)(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g;

/** Stands for a formula, in the source and in the text. */
const ONE = "█";

/** Markup that a run may begin with. */
const BEGINS = /[\s#>*_~+[-]*/y;

/** Where the text begins of a run that begins at `from` in the source. A position up to there belongs to the previous run. */
export function textStart(source: string, from: number): number {
  BEGINS.lastIndex = from;
  return from + (BEGINS.exec(source)?.[0].length ?? 0);
}

interface Leaf { readonly node: Node; readonly place: (offset: number) => Spot; readonly text: string }

/**
 * Where an offset `at` in a run's source is in the rendered run. `undefined` if it
 * is the run's end, or is not found.
 */
export function locate(mark: Element, source: string, at: number): InlinePlace | undefined {
  const leaves: Leaf[] = [];
  let formulas = false;
  const collect = (node: Node): void => {
    if (node instanceof Text) {
      leaves.push({ node, text: node.data, place: (at) => ({ node, offset: at }) });
    } else if (node instanceof Element && !node.matches(FOREIGN)) {
      if (node.matches(WHOLE)) {
        leaves.push({ node, text: node.textContent ?? "", place: () => ({ after: node }) });
      } else {
        node.childNodes.forEach(collect);
      }
    } else if (node instanceof Element && node.matches(".katex, math")) {
      formulas = true;
      leaves.push({ node, text: ONE, place: () => ({ after: node }) });
    }
  };
  runOf(mark).forEach(collect);
  // An offset within a code span or a formula counts as the one after it.
  const whole = [...source.matchAll(CODE), ...(formulas ? source.matchAll(FORMULA) : [])]
    .find(({ 0: { length }, index }) => index < at && at < index + length);
  const offset = whole === undefined ? at : whole.index + whole[0].length;
  const blank = (text: string): string => "\0".repeat(text.length);
  const plain = (formulas ? source.replace(FORMULA, (text) => ONE + blank(text.slice(1))) : source).replace(MARKUP, blank);
  const wanted = kept(plain.slice(0, offset)).text;
  const found = leaves.map(({ text }) => kept(text));
  const all = found.map(({ text }) => text).join("");
  const n = all.startsWith(wanted) ? wanted.length : near(all, wanted);
  if (n === 0 || n >= all.length) {
    return undefined;
  }
  let before = 0;
  for (const [i, { text, offsets }] of found.entries()) {
    const leaf = leaves[i];
    if (leaf !== undefined && n <= before + text.length && n > before) {
      let end = (offsets[n - before - 1] ?? 0) + 1;
      // Punctuation up to the offset goes before the badge.
      for (const unit of /[^\p{L}\p{M}\p{N}\p{So}]*$/u.exec(plain.slice(0, offset))?.[0] ?? "") {
        end += unit.trim() !== "" && leaf.text[end] === unit ? 1 : 0;
      }
      return { ...leaf.place(end), units: n };
    }
    before += text.length;
  }
  return undefined;
}

/** The nodes of a mark's run, in order: those before the mark up to another mark or a block. */
function runOf(mark: Element): Node[] {
  const nodes: Node[] = [];
  for (let node = mark.previousSibling; node !== null; node = node.previousSibling) {
    if (node instanceof Element && (node.localName === "finece-mark" || /^(p|[uod]l|pre|table|blockquote|h\d|div)$/.test(node.localName))) {
      break;
    }
    nodes.unshift(node);
  }
  return nodes;
}

/** The length of the prefix of `all` that ends as `wanted` does and whose length is nearest to that of `wanted`; 0 if there is none. */
function near(all: string, wanted: string): number {
  const tail = wanted.slice(-8);
  let best = 0;
  for (let at = all.indexOf(tail); tail !== "" && at >= 0; at = all.indexOf(tail, at + 1)) {
    const n = at + tail.length;
    if (best === 0 || Math.abs(n - wanted.length) < Math.abs(best - wanted.length)) {
      best = n;
    }
  }
  return best;
}
