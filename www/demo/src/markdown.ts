// As much Markdown as models write, built as elements: text from a model never
// becomes markup.
import { h } from "./dom.js";

/** Renders Markdown into an element; blocks whose source did not change stay. */
export class Markdown {
  readonly #root: HTMLElement;
  #blocks: { source: string; nodes: HTMLElement[] }[] = [];

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  /** Shows a text. What another answer replaced, its beginning up to an offset, is shown as such. */
  update(source: string, replaced = 0): void {
    const gone = split(source.slice(0, replaced));
    const sources = [...gone, ...split(source.slice(replaced))];
    let same = 0;
    while (same < sources.length && sources[same] === this.#blocks[same]?.source) {
      same++;
    }
    this.#blocks.splice(same).forEach(({ nodes }) => { nodes.forEach((node) => { node.remove(); }); });
    for (const block of sources.slice(same)) {
      const nodes = render(block.split("\n"));
      this.#root.append(...nodes);
      this.#blocks.push({ source: block, nodes });
    }
    this.#blocks.forEach(({ nodes }, i) => { nodes.forEach((node) => { node.classList.toggle("replaced", i < gone.length); }); });
  }
}

const FENCE = /^\s*(```+|~~~+)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+/;

/** Cuts the source at blank lines that no fence and no list item goes over. */
function split(source: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let fence = "";
  const close = (): void => {
    if (block.length > 0) {
      blocks.push(block.join("\n"));
    }
    block = [];
  };
  for (const line of source.split(/\r\n|\r|\n/)) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    const inList = ITEM.test(block[0] ?? "");
    if (fence !== "") {
      block.push(line);
      fence = mark.startsWith(fence) ? "" : fence;
    } else if (line.trim() === "") {
      if (inList) {
        block.push(line);
      } else {
        close();
      }
    } else {
      if (inList && !/^\s/.test(line) && !ITEM.test(line) && block.at(-1)?.trim() === "") {
        close();
      } else if (mark !== "" && !inList) {
        close();
      }
      block.push(line);
      fence = mark;
    }
  }
  close();
  return blocks;
}

function render(lines: string[]): HTMLElement[] {
  const [first = ""] = lines;
  const fence = FENCE.exec(first)?.[1];
  if (fence !== undefined) {
    const end = lines.findIndex((line, i) => i > 0 && line.trim().startsWith(fence));
    const code = lines.slice(1, end < 0 ? undefined : end).join("\n");
    const rest = end < 0 ? [] : lines.slice(end + 1);
    return [h("pre", { tabindex: 0 }, h("code", {}, `${code}\n`)), ...(rest.length > 0 ? render(rest) : [])];
  }
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(first);
  if (heading !== null) {
    const level = (["h3", "h4", "h5"] as const)[(heading[1]?.length ?? 1) - 1] ?? "h6"; // below the page's own
    return [h(level, {}, ...inline(heading[2] ?? "")), ...(lines.length > 1 ? render(lines.slice(1)) : [])];
  }
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(first) && lines.length === 1) {
    return [h("hr")];
  }
  if (ITEM.test(first)) {
    return [list(lines)];
  }
  if (first.startsWith(">")) {
    return [h("blockquote", {}, ...render(lines.map((line) => line.replace(/^>\s?/, ""))))];
  }
  if (lines.length > 1 && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[1] ?? "")) {
    return [table(lines)];
  }
  const item = lines.findIndex((line, i) => i > 0 && ITEM.test(line));
  return item < 0 ? [h("p", {}, ...inline(lines.join("\n")))]
    : [h("p", {}, ...inline(lines.slice(0, item).join("\n"))), list(lines.slice(item))];
}

function list(lines: string[]): HTMLElement {
  const [, indent = "", marker = ""] = ITEM.exec(lines[0] ?? "") ?? [];
  const ordered = /\d/.test(marker);
  const items: string[][] = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (match !== null && (match[1]?.length ?? 0) <= indent.length) {
      items.push([line.slice(match[0].length)]);
    } else {
      items.at(-1)?.push(line.replace(/^\s{1,4}/, ""));
    }
  }
  const children = items.map((item) => {
    const blocks = split(item.join("\n"));
    const [only] = blocks;
    // An item of one paragraph has no paragraph.
    return blocks.length === 1 && only !== undefined && !only.includes("\n") && !FENCE.test(only)
      ? h("li", {}, ...inline(only)) : h("li", {}, ...blocks.flatMap((block) => render(block.split("\n"))));
  });
  return ordered ? h("ol", { start: Number.parseInt(marker, 10) }, ...children) : h("ul", {}, ...children);
}

function table(lines: string[]): HTMLElement {
  const cells = (line: string): string[] => line.trim().replace(/^\||\|$/g, "").split("|");
  const row = (line: string, cell: "th" | "td"): HTMLElement =>
    h("tr", {}, ...cells(line).map((text) => h(cell, {}, ...inline(text.trim()))));
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" }, h("table", {},
    h("thead", {}, row(lines[0] ?? "", "th")), h("tbody", {}, ...lines.slice(2).map((line) => row(line, "td")))));
}

const INLINE = /(`+)(.+?)\1|\*\*(.+?)\*\*|(?<![\w*])[*_](?=\S)(.+?)[*_](?![\w*])|\[([^\]]*)\]\((https?:[^)\s]*)\)/s;

function inline(text: string): (Node | string)[] {
  const match = INLINE.exec(text);
  if (match === null) {
    return text === "" ? [] : [text];
  }
  const [all, , code, strong, em, label, url] = match;
  const node = code !== undefined ? h("code", {}, code)
    : strong !== undefined ? h("strong", {}, ...inline(strong))
      : em !== undefined ? h("em", {}, ...inline(em))
        : h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, label);
  return [...(match.index > 0 ? [text.slice(0, match.index)] : []), node, ...inline(text.slice(match.index + all.length))];
}
