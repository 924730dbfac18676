import { ConfidenceMark } from "./mark.js";
import { kept } from "./text.js";

const BLOCKS = "p, li, h1, h2, h3, h4, h5, h6, pre, blockquote, td, th, dt, dd, figcaption, summary, .katex-display";

/** Children at the end of a message that a renderer may still change. */
const TAIL = 3;

/**
 * Makes marks in a message whose renderer emits none: one at the end of each block that contains no
 * other block. It finds a block's run by searching the source for the block's text, and looks only
 * at children after the last one that is complete. The search may fail near raw HTML, and near
 * footnotes, which are rendered in another place than in the source.
 */
export class TailMatcher {
  readonly #root: Element;
  /** The marks made here, and the block of each. */
  readonly #made = new WeakMap<Element, Element>();
  readonly #observer: MutationObserver;
  #observing = false;
  /** The children that are settled, and where each begins in the kept text of the source. */
  #settled: { readonly child: Element; readonly from: number }[] = [];
  #source = "";
  #kept: ReturnType<typeof kept> = { text: "", offsets: [] };

  constructor(root: Element, changed: () => void) {
    this.#root = root;
    this.#observer = new MutationObserver(changed);
  }

  /** Whether a mark was made here. */
  made(mark: ConfidenceMark): boolean {
    return this.#made.has(mark);
  }

  /** Makes the marks of the blocks that have come or changed. */
  update(source: string): void {
    if (!this.#observing) {
      this.#observing = true;
      this.#observer.observe(this.#root, { childList: true, subtree: true, characterData: true });
    }
    this.#take(source);
    const { children } = this.#root;
    let settled = Math.min(this.#settled.length, Math.max(0, children.length - TAIL));
    while (settled > 0 && this.#settled[settled - 1]?.child !== children[settled - 1]) {
      settled--;
    }
    let from = settled === 0 ? 0 : this.#settled[settled]?.from ?? 0;
    this.#settled.length = settled;
    for (let i = settled; i < children.length; ) {
      const child = children[i];
      if (child === undefined) {
        break;
      }
      const made = this.#made.get(child);
      if (made !== undefined && made !== child.previousElementSibling) {
        child.remove(); // the renderer took its block away
        continue;
      }
      this.#settled.push({ child, from });
      from = this.#blocks(child).reduce((at, block) => this.#mark(block, at), from);
      i++;
    }
  }

  /** Forgets the changes seen so far. */
  done(): void {
    this.#observer.takeRecords();
  }

  /** Ends the matching, and removes the marks made here. */
  disconnect(): void {
    if (!this.#observing) {
      return;
    }
    this.#observing = false;
    this.#settled = [];
    this.#observer.disconnect();
    this.#root.querySelectorAll("finece-mark").forEach((mark) => {
      if (this.#made.has(mark)) {
        mark.remove();
      }
    });
  }

  #take(source: string): void {
    if (source.startsWith(this.#source) && this.#source !== "") {
      // The last unit may have been half of a surrogate pair.
      const last = this.#kept.offsets.findLastIndex((offset) => offset < this.#source.length - 1) + 1;
      const more = kept(source, Math.max(0, this.#source.length - 1));
      const offsets = this.#kept.offsets as number[];
      offsets.length = last;
      for (const offset of more.offsets) {
        offsets.push(offset);
      }
      this.#kept = { text: this.#kept.text.slice(0, last) + more.text, offsets };
    } else if (source !== this.#source) {
      this.#kept = kept(source);
    }
    this.#source = source;
  }

  #blocks(child: Element): Element[] {
    const all = [...(child.matches(BLOCKS) ? [child] : []), ...child.querySelectorAll(BLOCKS)]
      .filter((block) => block.closest("confidence-badge") === null);
    const outer = new Set(all.map((block) => block.parentElement?.closest(BLOCKS)));
    return all.filter((block) => !outer.has(block));
  }

  /** Makes a block's mark, or updates it; returns where in the kept text the next block may begin. */
  #mark(block: Element, from: number): number {
    const text = kept(textOf(block)).text;
    let found = -1, begins = 0;
    // The renderer may have changed the text's beginning, so other parts are tried too.
    for (const [part, length] of [[0, 24], [0, 6], [0.34, 12], [0.67, 12]] as const) {
      const probe = text.slice(Math.floor(text.length * part)).slice(0, length);
      found = probe === "" ? -1 : this.#kept.text.indexOf(probe, from);
      if (found >= 0) {
        begins = Math.max(from, found - Math.floor(text.length * part));
        break;
      }
    }
    const after = block.localName === "pre" || block.matches(".katex-display");
    const old = (after ? block.nextElementSibling : block.querySelector(":scope > finece-mark"));
    if (found < 0) {
      if (old?.localName === "finece-mark") {
        old.remove();
      }
      return from;
    }
    const end = Math.min(begins + text.length, this.#kept.text.length);
    const mark = old instanceof ConfidenceMark ? old : document.createElement("finece-mark");
    this.#made.set(mark, block);
    mark.setAttribute("start", String(this.#kept.offsets[begins] ?? 0));
    mark.setAttribute("end", String((this.#kept.offsets[end - 1] ?? 0) + 1));
    if (after) {
      mark.setAttribute("block", "");
    }
    const there = after ? block.nextSibling === mark : block.lastChild === mark;
    if (!there) {
      if (after) {
        block.after(mark);
      } else {
        block.append(mark);
      }
    }
    return Math.min(end, Math.max(found + 1, this.#kept.text.length - 1));
  }
}

/** A block's text without that of badges in it. */
function textOf(block: Element): string {
  return [...block.childNodes].map((node) =>
    (node instanceof Element && node.localName === "finece-mark" ? "" : node.textContent ?? "")).join("");
}
