/** A node of a hast tree: the members that the plugin uses. */
export interface HastNode {
  type: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: HastNode[];
  value?: unknown;
  position?: { start: { offset?: number | undefined }; end: { offset?: number | undefined } } | undefined;
}

/** Block elements. A run of text ends before one of them. */
const BLOCKS = new Set(("address article aside blockquote center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
  + "header hgroup hr legend li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul").split(" "));

/**
 * A rehype plugin that emits a mark at the end of every run of text, and after every `pre`. It
 * keeps no state, so all messages may share one plugin. Put it before rehype-katex, and after
 * plugins that remove elements they do not know.
 */
export function rehypeMarks(): (tree: HastNode, file?: { toString(): string }) => void {
  return (tree, file) => {
    const source = String(file ?? "");
    // Marks count CR LF as one.
    const offset = source.includes("\r\n") ? (at: number) => at - (source.slice(0, at).match(/\r\n/g)?.length ?? 0) : (at: number) => at;
    mark(tree, source, offset);
  };
}

/** What a list's item, a task or a quote begins with. */
const PREFIX = /(?:[\s>]|(?:[-*+]|\d{1,9}[.)]|\[[ x]\])(?=\s))*/iy;

function mark(parent: HastNode, source: string, offset: (at: number) => number): void {
  const { children } = parent;
  if (children === undefined) {
    return;
  }
  const marked: HastNode[] = [];
  // Where the run under way begins and ends; NaN if its last node has no position, as after rehype-raw.
  let start: number | undefined, end = NaN, after = 0;
  let last = parent.position?.start.offset;
  const close = (limit?: number): void => {
    if (start !== undefined) {
      const to = Number.isNaN(end) ? limit : end;
      marked.splice(after, 0, markOf(offset(start), to === undefined ? undefined : offset(to)));
      start = undefined;
    }
  };
  for (const node of children) {
    const { start: { offset: from } = {}, end: { offset: to } = {} } = node.position ?? {};
    if (node.tagName === "pre") {
      close(from);
      marked.push(node);
      if (from !== undefined && to !== undefined) {
        marked.push(markOf(offset(from), offset(to), true));
      }
    } else if (isBlock(node)) {
      close(from);
      mark(node, source, offset);
      marked.push(node);
    } else {
      marked.push(node);
      if (isText(node) && (from !== undefined || last !== undefined)) {
        start ??= from ?? textAfter(source, last ?? 0);
        end = to ?? NaN;
        after = marked.length;
      } else if (isBack(node) && start !== undefined) {
        after = marked.length; // the badge stands after the link
      }
    }
    last = to ?? last;
  }
  close(parent.position?.end.offset);
  parent.children = marked;
}

/** Where text begins in the source, after what a block begins with. */
function textAfter(source: string, at: number): number {
  PREFIX.lastIndex = at;
  return at + (PREFIX.exec(source)?.[0].length ?? 0);
}

/** Whether a node is part of a run of text. */
function isText(node: HastNode): boolean {
  const { type, value, tagName } = node;
  return type === "text" ? String(value).trim() !== "" : type === "element" && tagName !== "br" && tagName !== "input" && !isBack(node);
}

/** Whether a node is the link back from a footnote. */
function isBack({ properties }: HastNode): boolean {
  return properties?.["dataFootnoteBackref"] !== undefined;
}

/** Whether a node is a block element, or another element that contains one. */
function isBlock(node: HastNode): boolean {
  return node.type === "element" && (BLOCKS.has(node.tagName ?? "") || (node.children ?? []).some(isBlock));
}

function markOf(start: number, end: number | undefined, block = false): HastNode {
  const properties = { start: String(start), ...(end === undefined ? {} : { end: String(end) }), ...(block ? { block: "" } : {}) };
  return { type: "element", tagName: "finece-mark", properties, children: [] };
}
