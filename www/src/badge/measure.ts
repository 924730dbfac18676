import type { InlinePlace } from "./inline.js";

/** Measures where a badge in a mark belongs, and returns a function that moves it there; `undefined` if that place is not laid out. */
export function measure(mark: Element, badge: HTMLElement, inside: InlinePlace | undefined): (() => void) | undefined {
  const from = mark.getBoundingClientRect();
  const rtl = getComputedStyle(mark).direction === "rtl";
  // A block has its badge in the lower outer corner: buttons to copy are in the upper one.
  const box = inside === undefined ? mark.previousElementSibling?.getBoundingClientRect()
    : [...("after" in inside ? inside.after : lastUnit(inside)).getClientRects()].at(-1);
  return box === undefined ? undefined : () => {
    badge.style.left = `${String((rtl ? box.left : box.right) - from.left)}px`;
    badge.style.top = `${String((inside === undefined ? box.bottom : box.top) - from.top)}px`;
  };
}

/** The code unit before a place in a text. */
function lastUnit({ node, offset }: { readonly node: Text; readonly offset: number }): Range {
  const end = Math.min(offset, node.length);
  const range = document.createRange();
  range.setStart(node, Math.max(0, end - 1));
  range.setEnd(node, end);
  return range;
}
