/**
 * Plugins that make Markdown renderers emit a `<finece-mark>` at the end of each run of text. With
 * these marks `showConfidences` of `finece/badge` knows where a position is.
 *
 * - react-markdown, assistant-ui's `MarkdownTextPrimitive` and other renderers that use rehype:
 *   `rehypePlugins={[rehypeMarks, rehypeKatex]}`, before plugins that replace elements.
 * - Streamdown, assistant-ui's `StreamdownTextPrimitive`, AI Elements: `finece/streamdown`.
 * - markdown-it: `md.use(markdownItMarks)`, after other plugins.
 * - marked: `marked.use(markedMarks())`, after other extensions.
 *
 * @packageDocumentation
 */
export { type MarkdownIt, markdownItMarks } from "./markdown-it.js";
export { markedMarks, type MarkedToken } from "./marked.js";
export { type HastNode, rehypeMarks } from "./rehype.js";
