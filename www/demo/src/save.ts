import { type PositionConfidence, ENGLISH, showValue, shownAs } from "finece/badge";
import type { AnswerView } from "./answer.js";
import { h } from "./dom.js";

/** Gives the reader a file. */
function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
}

/** Saves an answer with its records, in the form in which chats keep them. */
export function saveJSON(view: AnswerView): void {
  const { lane: { question, origin }, turn } = view;
  const saved = { question, origin, ...turn.saved() };
  download(new Blob([`${JSON.stringify(saved, undefined, 1)}\n`], { type: "application/json" }), "finece-answer.json");
}

const WIDTH = 1200, EDGE = 60, LINE = 34, CHART = 260, MOST_LINES = 40;

/** Saves a picture of an answer: its question, its text, and its confidence from beginning to end. */
export function savePicture(view: AnswerView): void {
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(h("span"));
  // A custom property that holds light-dark() has to be resolved by an element.
  const colour = (name: string): string => {
    probe.style.color = style.getPropertyValue(name);
    return getComputedStyle(probe).color;
  };
  const colours = { page: colour("--surface"), text: colour("--text"), muted: colour("--muted"), accent: colour("--accent"), edge: colour("--edge") };
  probe.remove();
  const canvas = h("canvas", { width: WIDTH });
  const pen = canvas.getContext("2d");
  if (pen === null) {
    return;
  }
  const body = "24px system-ui, sans-serif", strong = "600 26px system-ui, sans-serif", small = "18px system-ui, sans-serif";
  pen.font = strong;
  const asked = wrap(pen, view.lane.question);
  pen.font = body;
  const said = wrap(pen, view.turn.text.slice(view.turn.replaced).trim());
  const lines = said.length > MOST_LINES ? [...said.slice(0, MOST_LINES), "…"] : said;
  canvas.height = 2 * EDGE + (asked.length + lines.length + 4) * LINE + CHART + 2 * LINE;
  pen.fillStyle = colours.page;
  pen.fillRect(0, 0, WIDTH, canvas.height);
  let y = EDGE + LINE;
  const write = (all: readonly string[], font: string, fill: string): void => {
    pen.font = font;
    pen.fillStyle = fill;
    for (const line of all) {
      pen.fillText(line, EDGE, y);
      y += LINE;
    }
  };
  write(asked, strong, colours.text);
  y += LINE / 2;
  write([view.said], strong, colours.accent);
  y += LINE / 2;
  write(lines, body, colours.text);
  y += LINE;
  curve(pen, view.turn.positions, view.turn.tokens, y, colours);
  y += CHART + LINE;
  write([view.lane.origin.split(".")[0] ?? "", "FineCE"], small, colours.muted);
  canvas.toBlob((blob) => {
    if (blob !== null) {
      download(blob, "finece-answer.png");
    }
  });
}

/** Cuts text into lines that fit. */
function wrap(pen: CanvasRenderingContext2D, text: string): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(" ")) {
      const longer = `${lines.at(-1) ?? ""}${lines.at(-1) === "" ? "" : " "}${word}`;
      if (pen.measureText(longer).width > WIDTH - 2 * EDGE && lines.at(-1) !== "") {
        lines.push(word);
      } else {
        lines[lines.length - 1] = longer;
      }
    }
    return lines;
  });
}

function curve(pen: CanvasRenderingContext2D, positions: readonly PositionConfidence[], tokens: number, top: number, colours: Record<"accent" | "edge" | "muted", string>): void {
  const x = (p: PositionConfidence): number => EDGE + 60 + (tokens > 0 ? Math.min(1, p.token / tokens) : 0) * (WIDTH - 2 * EDGE - 180);
  const y = (value: number): number => top + (1 - value) * CHART;
  pen.strokeStyle = colours.edge;
  pen.fillStyle = colours.muted;
  pen.font = "18px system-ui, sans-serif";
  for (const value of [0, 0.5, 1]) {
    pen.fillText(String(value), EDGE, y(value) + 6);
    pen.beginPath();
    pen.moveTo(EDGE + 60, y(value));
    pen.lineTo(WIDTH - EDGE - 120, y(value));
    pen.stroke();
  }
  pen.strokeStyle = pen.fillStyle = colours.accent;
  pen.lineWidth = 4;
  const known = positions.filter(({ fused }) => fused !== null);
  pen.beginPath();
  known.forEach((p) => { pen.lineTo(x(p), y(p.fused ?? 0)); });
  pen.stroke();
  for (const p of known) {
    pen.beginPath();
    pen.arc(x(p), y(p.fused ?? 0), 7, 0, 2 * Math.PI);
    pen.fill();
  }
  const last = known.at(-1);
  if (last?.fused !== undefined && last.fused !== null) {
    pen.font = "600 22px system-ui, sans-serif";
    pen.fillText(showValue(last.fused, shownAs(last), ENGLISH, "en"), x(last) + 16, y(last.fused) + 8);
  }
}

/** A link to the page as it is: the controls that were changed, and what is shown. */
export function linkTo(form: HTMLFormElement, view: AnswerView | undefined): string {
  const url = new URL(location.pathname, location.href);
  const plain = form.cloneNode(true) as HTMLFormElement;
  plain.reset();
  const before = new FormData(plain);
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && before.get(name) !== value) {
      url.searchParams.set(name, value);
    }
  }
  if (view !== undefined && view.lane.recording !== "") {
    url.searchParams.set("recording", view.lane.recording);
  } else if (view !== undefined && view.lane.question !== "") {
    url.searchParams.set("ask", view.lane.question);
  }
  return url.href;
}
