// Paragraphs as plain elements, which an app made with their marks.
import { placeBadges } from "finece/place";
import { drive } from "./placement-answer.mjs";

const main = document.querySelector("main");

drive((badges) => {
  const placement = badges ? placeBadges(main) : undefined;
  const shown = [];
  let starts = 0;
  return ({ text, paragraphs, positions }) => {
    for (let i = Math.max(0, shown.length - 1); i < paragraphs.length; i++) {
      if (shown[i] === undefined) {
        const element = main.appendChild(document.createElement("p"));
        const node = element.appendChild(document.createTextNode(""));
        const mark = badges ? element.appendChild(document.createElement("finece-mark")) : undefined;
        mark?.setAttribute("start", String(starts));
        shown.push({ node, mark, start: starts });
      }
      const { node, mark, start } = shown[i];
      if (node.data !== paragraphs[i]) {
        node.data = paragraphs[i];
        mark?.setAttribute("end", String(start + node.data.length));
      }
      starts = start + node.data.length + 2;
    }
    placement?.update(text, positions);
  };
});
