// The same by Streamdown, with and without its marks.
import { createElement as h } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import remend from "remend";
import { Block, Streamdown, defaultRehypePlugins, parseMarkdownIntoBlocks } from "streamdown";
import { Confidences } from "finece/react";
import { useStreamdownMarks } from "finece/streamdown";
import { drive } from "./placement-answer.mjs";

const parts = { Block, defaultRehypePlugins, parseMarkdownIntoBlocks, remend };

function Marked({ text, positions }) {
  const marks = useStreamdownMarks(parts);
  return h(Confidences, { text, positions, mode: "paragraphs" }, h(Streamdown, { ...marks, children: text }));
}

drive((badges) => {
  const root = createRoot(document.querySelector("main"));
  return ({ text, positions }) => {
    flushSync(() => { root.render(badges ? h(Marked, { text, positions }) : h("div", null, h(Streamdown, null, text))); });
  };
});
