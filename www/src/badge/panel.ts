import { built, setText } from "./markup.js";
import { type AnsweredText, type ParagraphRow, rowsOf } from "./parts.js";
import { type PositionConfidence, shownAs } from "./positions.js";
import { type BadgeView, isRevised, positionBand } from "./shown.js";
import { adoptPanelStyle } from "./style-panel.js";
import { type Words, formatCount, formatPercent, isBuiltin, isProbability, showValue } from "./words.js";

/** What an app can do about a confidence: `regenerate` the answer from a paragraph on, or ask a `stronger` model. */
export type BadgeAction = "regenerate" | "stronger";

/** What a panel shows. */
export interface PanelContent {
  readonly view: BadgeView;
  readonly words: Words;
  readonly title: string;
  readonly actions: readonly BadgeAction[];
  /** The position that the actions are about; `null` if it is not known. */
  readonly position: PositionConfidence | null;
  /** The answer whose paragraphs are listed, if the panel is that of a whole answer. */
  readonly answer: AnsweredText | undefined;
  readonly bands: readonly [number, number];
}

/** The events that buttons of a panel fire: of its actions, and `finece-show` of a row in the list. */
export type PanelEvent = `finece-${BadgeAction | "show"}`;

/** Makes an empty panel in a shadow root. */
export function makePanel(root: ShadowRoot, label: string): HTMLElement {
  adoptPanelStyle(root);
  const panel = document.createElement("div");
  panel.id = "panel";
  panel.className = "panel";
  panel.setAttribute("part", "panel");
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", label);
  if ("popover" in panel) {
    panel.popover = "manual"; // in the top layer, where nothing clips it
  }
  panel.append(
    built(["p", { class: "title", part: "title" }]), built(["div", { class: "lines", id: "lines" }]), built(["slot", { name: "details" }]),
    built(["p", { class: "heading", id: "heading" }]), built(["ol", { class: "rows", part: "paragraphs", "aria-labelledby": "heading" }]),
    built(["div", { class: "actions", part: "actions" }]),
  );
  root.append(panel);
  return panel;
}

/** Brings a panel up to date. Rows and buttons that remain keep their elements, so the focus is not lost. */
export function fillPanel(panel: HTMLElement, content: PanelContent, fire: (type: PanelEvent, position: PositionConfidence | null) => void): void {
  const { view, words, title, actions, position, answer } = content;
  const rows = answer === undefined ? [] : rowsOf(answer);
  const part = (name: string): Element => panel.querySelector(`.${name}`) ?? panel;
  part("title").replaceChildren(title);
  part("lines").replaceChildren(...explain(view, words).map((line, i) => {
    const p = document.createElement("p");
    p.textContent = line;
    p.className = i === 0 ? "" : "note";
    return p;
  }));
  const listed = rows.length > 0;
  part("heading").replaceChildren(listed ? words.parts : "");
  const list = part("rows");
  list.toggleAttribute("hidden", !listed);
  const inRows = listed && actions.includes("regenerate");
  rows.forEach((row, i) => {
    const item = list.children[i] ?? list.appendChild(built(["li", {}]));
    fillRow(item, row, content, inRows, fire);
  });
  shorten(list, rows.length);
  const wanted = actions.filter((action) => !(action === "regenerate" && listed));
  const bar = part("actions");
  bar.toggleAttribute("hidden", wanted.length === 0);
  wanted.forEach((action, i) => { button(bar, i, "action", words[action], () => { fire(`finece-${action}`, position); }); });
  shorten(bar, wanted.length);
}

/** Removes the children after the first `length`. */
function shorten(parent: Element, length: number): void {
  while (parent.children.length > length) {
    parent.lastElementChild?.remove();
  }
}

function fillRow(
  item: Element, { position, text }: ParagraphRow, { words, view, bands }: PanelContent, regenerate: boolean,
  fire: (type: PanelEvent, position: PositionConfidence) => void,
): void {
  const { fused: value, state } = position;
  const shown = isProbability(value) ? showValue(value, shownAs(position), words, view.locale) : words.states[state];
  item.className = positionBand(position, bands) === "low" ? "check" : "";
  const row = button(item, 0, "row", "", () => { fire("finece-show", position); });
  const label = [text, shown];
  label.forEach((content, i) => {
    setText(row.children[i] ?? row.appendChild(built(["span", { class: ["excerpt", "value"][i] ?? "" }])), content);
  });
  if (regenerate) {
    const action = button(item, 1, "action", "↻", () => { fire("finece-regenerate", position); });
    action.title = words.regenerate;
    action.setAttribute("aria-label", `${words.regenerate}: ${text}`);
  }
}

/** The n-th child, a button with this text and this click handler; it is made if there is none. */
function button(parent: Element, n: number, name: string, text: string, click: () => void): HTMLButtonElement {
  const made = (parent.children[n] ?? parent.appendChild(built(["button", { type: "button", class: name, part: name }]))) as HTMLButtonElement;
  if (text !== "") {
    setText(made, text);
  }
  made.onclick = click;
  return made;
}

/** The lines of a badge's details: what the number means, what it was, where it is from, how good it is. */
export function explain(view: BadgeView, words: Words): string[] {
  const { value, first, state, source, kind, locale, calibrated, calibration, map, outside } = view;
  const meaning = value !== null && !calibrated ? "certainty" : kind === "end" ? "whole" : kind === "question" ? "question" : "partial";
  const lines: (string | undefined)[] = [words.meaning[meaning]];
  if (state === "unavailable" && view.reason !== "") {
    lines.unshift((words.reasons as Readonly<Record<string, string>>)[view.reason] ?? view.reason);
  }
  if (value !== null) {
    const shown = showValue(value, view, words, locale);
    if (calibrated) {
      lines.push(words.reading(shown));
    }
    if (first !== null && isRevised(view, words)) {
      lines.push(words.revised(showValue(first, view, words, locale), shown));
    }
    lines.push(source.startsWith("model") ? words.model(view.model) : isBuiltin(source) ? words.statistic(source) : undefined);
    lines.push(map === "" ? undefined : words.map(map));
    lines.push(!calibrated ? words.notCalibrated : calibration === undefined ? undefined
      : words.calibrated(formatPercent(calibration.ece, locale), calibration.n === null ? undefined : formatCount(calibration.n, locale)));
    lines.push(...outside.split(" ").map((way) => (words.outside as Readonly<Record<string, string>>)[way]));
  }
  return lines.filter((line) => line !== undefined && line !== "") as string[];
}

const GAP = 8; // px between the badge, the panel and the window's edges

const TALLEST = 512; // px

/** Puts a panel of fixed position beside its anchor, which it never covers: below, or above where there is more room, inside the window. */
export function position(panel: HTMLElement, anchor: Element): void {
  const { documentElement: { clientWidth: width, clientHeight: height } } = anchor.ownerDocument;
  const at = anchor.getBoundingClientRect();
  panel.style.maxBlockSize = `${String(TALLEST)}px`;
  const needed = panel.getBoundingClientRect().height;
  const room = { below: height - at.bottom - 2 * GAP, above: at.top - 2 * GAP };
  const below = needed <= room.below || room.below >= room.above;
  panel.style.maxBlockSize = `${String(Math.max(4 * GAP, Math.min(TALLEST, below ? room.below : room.above)))}px`;
  const box = panel.getBoundingClientRect();
  const start = getComputedStyle(anchor).direction === "rtl" ? at.right - box.width : at.left;
  panel.style.left = `${String(Math.max(GAP, Math.min(start, width - box.width - GAP)))}px`;
  panel.style.top = `${String(below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - box.height))}px`;
}
