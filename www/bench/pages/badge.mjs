// What both pages have: the text, and the badge.
import { ConfidenceBadge } from "finece/badge";

ConfidenceBadge.define();
const main = document.querySelector("main");
const paragraph = main.appendChild(document.createElement("p"));

export function show(text) {
  paragraph.textContent = text;
}

/** Shows a confidence; `first` is then when it was laid out, in ms after the navigation began. */
export function firstBadge(value) {
  if (main.querySelector("confidence-badge") !== null) return;
  const badge = document.createElement("confidence-badge");
  badge.addEventListener("finece-change", () => {
    if (badge.getBoundingClientRect().width > 0) globalThis.first ??= { at: performance.now(), value };
  });
  badge.setAttribute("state", "provisional");
  badge.setAttribute("value", String(value));
  main.append(badge);
}
