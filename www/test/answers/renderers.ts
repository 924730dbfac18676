// The renderers that chats use, each with the plugins that its documentation shows.
import { TextMessagePartProvider } from "@assistant-ui/react";
import { MarkdownTextPrimitive } from "@assistant-ui/react-markdown";
import { StreamdownTextPrimitive } from "@assistant-ui/react-streamdown";
import { katex } from "@mdit/plugin-katex";
import { cjk } from "@streamdown/cjk";
import { createMathPlugin } from "@streamdown/math";
import MarkdownIt from "markdown-it";
import footnote from "markdown-it-footnote";
import { Marked } from "marked";
import markedFootnote from "marked-footnote";
import markedKatex from "marked-katex-extension";
import { type ComponentProps, type ReactElement, createElement as h, memo } from "react";
import Markdown from "react-markdown";
import rehypeKatex from "rehype-katex";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import remend from "remend";
import { Block, Streamdown, defaultRehypePlugins, parseMarkdownIntoBlocks } from "streamdown";
import { markdownItMarks, markedMarks, rehypeMarks } from "finece/markdown";
import { useStreamdownMarks } from "finece/streamdown";

const plugins = { math: createMathPlugin({ singleDollarTextMath: true }), cjk };
const parts = { Block, defaultRehypePlugins, parseMarkdownIntoBlocks, remend };
const remarkPlugins = [remarkGfm, remarkMath];
const rehypePlugins = [rehypeMarks, rehypeKatex];

// As AI Elements has it in its registry, but for the names of classes.
const MessageResponse = memo(
  ({ className, ...props }: ComponentProps<typeof Streamdown>) => h(Streamdown, { className: className ?? "size-full", ...props }),
  (before, now) => before.children === now.children,
);

interface Message { readonly text: string }

/** Components that render a message's text. */
export const components: Record<string, (message: Message) => ReactElement> = {
  "Streamdown": ({ text }) => {
    const marks = useStreamdownMarks(parts);
    return h(Streamdown, { ...marks, plugins, children: text });
  },
  "AI Elements": ({ text }) => {
    const marks = useStreamdownMarks(parts);
    return h(MessageResponse, { ...marks, plugins, children: text });
  },
  "react-markdown": ({ text }) => h(Markdown, { remarkPlugins, rehypePlugins, children: text }),
  "assistant-ui with react-markdown": ({ text }) => h(TextMessagePartProvider, {
    text, children: h(MarkdownTextPrimitive, { remarkPlugins, rehypePlugins, smooth: false }),
  }),
  "assistant-ui with Streamdown": ({ text }) => {
    const marks = useStreamdownMarks(parts);
    return h(TextMessagePartProvider, { text, children: h(StreamdownTextPrimitive, { ...marks, plugins }) });
  },
};

function markdownIt(marks: boolean): (text: string) => string {
  const md = new MarkdownIt().use(footnote).use(katex);
  if (marks) {
    md.use(markdownItMarks);
  }
  return (text) => md.render(text);
}

function marked(marks: boolean): (text: string) => string {
  // An instance for each rendering: the extension for footnotes keeps what it found.
  return (text) => {
    const made = new Marked(markedFootnote(), markedKatex({ throwOnError: false }));
    if (marks) {
      made.use(markedMarks());
    }
    return made.parse(text, { async: false });
  };
}

/** Functions that render a text as HTML. The last ones emit no marks. */
export const functions: Record<string, (text: string) => string> = {
  "markdown-it": markdownIt(true), "marked": marked(true),
  "markdown-it without marks": markdownIt(false), "marked without marks": marked(false),
};
