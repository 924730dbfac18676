// Renders answers as chats do, and says where their badges are.
import { createElement as h } from "react";
import { flushSync } from "react-dom";
import { type Root, createRoot, hydrateRoot } from "react-dom/client";
import { ConfidenceBadge, type PositionConfidence } from "finece/badge";
import { type BadgePlacement, placeBadges } from "finece/place";
import { Confidences } from "finece/react";
import { components, functions } from "./renderers.js";

/** Where the badge of a position is. */
export interface Found {
  readonly index: number;
  readonly placed: string;
  readonly state: string;
  /** The last word before the badge in the document, and whether the badge of a text's inner place is beside what it is to be beside. */
  readonly after: string | null;
  readonly left: number;
  readonly top: number;
  /** The boxes of all words, by the word. */
  readonly box?: Readonly<Record<string, readonly [left: number, top: number, right: number, bottom: number]>>;
}

const main = document.querySelector("main") ?? document.body;
let shown = new Map<ConfidenceBadge, PositionConfidence>();
const placement = {
  announce: false, print: true, // all badges are there to be printed, not only those near the window
  onPlace: (badge: ConfidenceBadge, position: PositionConfidence) => { shown.set(badge, position); },
};
let root: Root | undefined;
let placed: BadgePlacement | undefined;
let html: HTMLElement | undefined;

/** Ends the answer that is shown. */
function clear(): void {
  root?.unmount();
  placed?.disconnect();
  root = placed = html = undefined;
  main.replaceChildren();
  shown = new Map();
}

/** Shows an answer's text, as it is now, in the place where the one before is, unless it was cleared. */
function show(renderer: string, text: string, positions: readonly PositionConfidence[], done: boolean): void {
  const component = components[renderer];
  if (component !== undefined) {
    root ??= createRoot(main);
    flushSync(() => { root?.render(h(Confidences, { text, positions, done, mode: "paragraphs", show: placement }, h(component, { text }))); });
  } else {
    html ??= main.appendChild(document.createElement("div"));
    placed ??= placeBadges(html, placement);
    html.innerHTML = functions[renderer]?.(text) ?? "";
    placed.update(text, positions, done);
  }
}

/** Lets React take over what a server has rendered. */
function hydrate(renderer: string, markup: string, text: string, positions: readonly PositionConfidence[]): void {
  main.innerHTML = markup;
  const component = components[renderer];
  if (component !== undefined) {
    root = hydrateRoot(main, h(Confidences, { text, positions, done: true, mode: "paragraphs", show: placement }, h(component, { text })), {
      onRecoverableError: (error) => {
        // Streamdown loads its code blocks later, which renderToString does not wait for.
        if (!(error instanceof Error && error.message.includes("does not support Suspense"))) {
          throw error;
        }
      },
    });
  }
}

const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** Where the badges are, once the page is drawn. */
async function find(): Promise<{ found: Found[]; words: Record<string, number[]> }> {
  await frame();
  dispatchEvent(new Event("beforeprint"));
  await frame();
  await frame();
  const found: Found[] = [];
  const words: Record<string, number[]> = {};
  let after: string | null = null;
  const walker = document.createTreeWalker(main, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    (node instanceof Element && node.matches(".katex-mathml") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node instanceof Text) {
      for (const match of node.data.matchAll(/w\d+z/g)) {
        after = match[0];
        const range = document.createRange();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + after.length);
        const box = [...range.getClientRects()].at(-1);
        words[after] = box === undefined ? [] : [box.left, box.top, box.right, box.bottom];
      }
    } else if (node instanceof ConfidenceBadge) {
      const position = shown.get(node);
      const box = (node.shadowRoot?.querySelector("svg") ?? node).getBoundingClientRect();
      found.push({
        index: position?.index ?? -1, placed: node.getAttribute("placed") ?? "", state: node.getAttribute("state") ?? "", after,
        left: (box.left + box.right) / 2, top: (box.top + box.bottom) / 2,
      });
    }
  }
  return { found, words };
}

/** What the test calls in the page. */
export const answersPage = { clear, show, hydrate, find };
