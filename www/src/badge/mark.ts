import { ElementBase, define } from "./markup.js";

/** An object that keeps the marks of one rendered answer. */
export interface MarkKeeper {
  /** A mark was added, or its start changed. */
  add(mark: ConfidenceMark): void;
  /** A mark's end changed. */
  change(): void;
  /** A mark was removed. */
  remove(mark: ConfidenceMark): void;
}

const keepers = new WeakMap<Node, MarkKeeper>();

declare global {
  interface HTMLElementTagNameMap {
    "finece-mark": ConfidenceMark;
  }
}

/**
 * `<finece-mark start="12" end="40">`: marks the end of a run of text in a rendered answer, and
 * says which part of the Markdown source the run is. The offsets count UTF-16 code units, and CR LF
 * counts as one. A run is the text of a paragraph, a heading or a table's cell, or the text of a
 * list's item up to a nested list. A run can also be a block of code or a formula; then the mark
 * follows it as a sibling (`block`). The mark has no size and moves nothing. If there is a
 * confidence to show, its badge is put into the mark.
 *
 * Renderers' plugins emit it (`finece/markdown`). An app that renders Markdown
 * itself may do so too.
 */
export class ConfidenceMark extends ElementBase {
  /** The attributes that the element observes. */
  static readonly observedAttributes: readonly string[] = ["start", "end"];

  /** Defines the element; does nothing if the element is defined already, or on a server. */
  static define(): void {
    define("finece-mark", ConfidenceMark);
  }

  /** Where the run begins in the source. It is not named `start`, because React would set that instead of the attribute. */
  from = NaN;
  /** Where the run ends; infinite if the mark does not say. */
  to = Infinity;
  #keeper: MarkKeeper | undefined;

  connectedCallback(): void {
    this.#read();
    for (let node: Node | null = this.parentNode; node !== null; node = node.parentNode ?? (node as Partial<ShadowRoot>).host ?? null) {
      const keeper = keepers.get(node);
      if (keeper !== undefined) {
        this.join(keeper);
        return;
      }
    }
  }

  disconnectedCallback(): void {
    this.#keeper?.remove(this);
    this.#keeper = undefined;
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now && this.#keeper !== undefined) {
      const { from } = this;
      this.#read();
      if (from === this.from) {
        this.#keeper.change();
      } else {
        this.#keeper.add(this);
      }
    }
  }

  /** @internal */
  join(keeper: MarkKeeper): void {
    if (this.#keeper !== keeper) {
      this.#keeper?.remove(this);
      this.#keeper = keeper;
      keeper.add(this);
    }
  }

  #read(): void {
    this.from = Number(this.getAttribute("start") ?? NaN);
    this.to = Number(this.getAttribute("end") ?? Infinity);
  }
}

/** Gives a keeper the marks in an element, also those that are added later. */
export function keep(root: Element, keeper: MarkKeeper): void {
  keepers.set(root, keeper);
  root.querySelectorAll("finece-mark").forEach((mark) => { mark.join(keeper); });
}

/** From now on, marks that are added to an element get no keeper. */
export function release(root: Element): void {
  keepers.delete(root);
}
