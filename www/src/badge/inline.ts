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
  return new Run(mark, source).locate(at);
}

/** A rendered run: the text before a mark, and the source that it is made of. */
export class Run {
  /** The source with what is not in the text blanked out. */
  readonly #plain: string;
  /** The ranges of code spans and formulas in the source. */
  readonly #whole: readonly { readonly from: number; readonly to: number }[];
  readonly #leaves: readonly Leaf[];
  readonly #found: readonly ReturnType<typeof kept>[];
  readonly #all: string;

  constructor(mark: Element, source: string) {
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
    const blank = (text: string): string => "\0".repeat(text.length);
    this.#plain = (formulas ? source.replace(FORMULA, (text) => ONE + blank(text.slice(1))) : source).replace(MARKUP, blank);
    this.#whole = [...source.matchAll(CODE), ...(formulas ? source.matchAll(FORMULA) : [])]
      .map(({ 0: { length }, index }) => ({ from: index, to: index + length }));
    this.#leaves = leaves;
    this.#found = leaves.map(({ text }) => kept(text));
    this.#all = this.#found.map(({ text }) => text).join("");
  }

  /** Where an offset in the source is. `undefined` if it is the run's end, or is not found. */
  locate(at: number): InlinePlace | undefined {
    // An offset within a code span or a formula counts as the one after it.
    const offset = this.#whole.find(({ from, to }) => from < at && at < to)?.to ?? at;
    const before = this.#plain.slice(0, offset);
    const wanted = kept(before).text;
    const n = this.#all.startsWith(wanted) ? wanted.length : near(this.#all, wanted);
    if (n === 0 || n >= this.#all.length) {
      return undefined;
    }
    let passed = 0;
    for (const [i, { text, offsets }] of this.#found.entries()) {
      const leaf = this.#leaves[i];
      if (leaf !== undefined && n <= passed + text.length && n > passed) {
        let end = (offsets[n - passed - 1] ?? 0) + 1;
        // Punctuation up to the offset goes before the badge.
        for (const unit of /[^\p{L}\p{M}\p{N}\p{So}]*$/u.exec(before)?.[0] ?? "") {
          end += unit.trim() !== "" && leaf.text[end] === unit ? 1 : 0;
        }
        return { ...leaf.place(end), units: n };
      }
      passed += text.length;
    }
    return undefined;
  }

  /** The rendered text of a part of the source; `undefined` if it has none that is found. */
  range(from: number, to: number): Range | undefined {
    const begin = kept(this.#plain.slice(0, from)).text.length;
    const text = kept(this.#plain.slice(0, to)).text;
    if (text.length <= begin || !this.#all.startsWith(text)) {
      return undefined;
    }
    const range = document.createRange();
    this.#edge(begin, (node, offset) => { range.setStart(node, offset); }, (node) => { range.setStartBefore(node); });
    this.#edge(text.length - 1, (node, offset) => { range.setEnd(node, offset + 1); }, (node) => { range.setEndAfter(node); });
    return range;
  }

  /** Finds the n-th unit of the run's kept text. */
  #edge(n: number, inText: (node: Text, offset: number) => void, atElement: (node: Node) => void): void {
    let passed = 0;
    for (const [i, { text, offsets }] of this.#found.entries()) {
      const node = this.#leaves[i]?.node;
      if (node !== undefined && n < passed + text.length) {
        if (node instanceof Text) {
          inText(node, offsets[n - passed] ?? 0);
        } else {
          atElement(node);
        }
        return;
      }
      passed += text.length;
    }
  }
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
