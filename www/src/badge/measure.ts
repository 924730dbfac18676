import type { InlinePlace } from "./inline.js";

/** Measures where a badge in a mark belongs, and returns a function that moves it there; `undefined` if that place is not laid out. */
export function measure(mark: Element, badge: HTMLElement, inside: InlinePlace | undefined): (() => void) | undefined {
  const from = mark.getBoundingClientRect();
  const rtl = getComputedStyle(mark).direction === "rtl";
  let at: { readonly x: number; readonly y: number } | undefined;
  if (inside === undefined) {
    // The lower outer corner of the block: buttons to copy are in the upper one.
    const box = mark.previousElementSibling?.getBoundingClientRect();
    at = box === undefined ? undefined : { x: rtl ? box.left : box.right, y: box.bottom };
  } else if ("after" in inside) {
    const box = [...inside.after.getClientRects()].at(-1);
    at = box === undefined ? undefined : { x: rtl ? box.left : box.right, y: box.top };
  } else {
    const { node, offset } = inside;
    const range = document.createRange();
    range.setStart(node, Math.max(0, Math.min(offset, node.length) - 1));
    range.setEnd(node, Math.min(offset, node.length));
    const box = [...range.getClientRects()].at(-1);
    at = box === undefined ? undefined : { x: rtl ? box.left : box.right, y: box.top };
  }
  return at === undefined ? undefined : () => {
    badge.style.left = `${String(at.x - from.left)}px`;
    badge.style.top = `${String(at.y - from.top)}px`;
  };
}
