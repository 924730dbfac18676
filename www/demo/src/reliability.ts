import type { Core } from "finece";
import { type Evaluation, evaluate } from "finece/metrics";
import { HEIGHT, WIDTH, axes, x, y } from "./chart.js";
import { byId, h, svg } from "./dom.js";

/** Labelled answers: a confidence in [0,1] each, and whether the answer is correct. */
export interface Pairs {
  readonly confidences: number[];
  readonly correct: boolean[];
}

/**
 * Reads confidence pairs, CSV or JSON Lines with `confidence` and `correct`;
 * `undefined` if the text is something else. Throws for a line that is wrong.
 */
export function readPairs(text: string): Pairs | undefined {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");
  const pairs: Pairs = { confidences: [], correct: [] };
  const add = (confidence: unknown, correct: unknown, line: number): void => {
    const value = typeof confidence === "string" && confidence.trim() === "" ? NaN : Number(confidence);
    const label = String(correct).trim().toLowerCase();
    if (!(value >= 0 && value <= 1) || !["0", "1", "true", "false"].includes(label)) {
      throw new Error(`line ${String(line)}: want a confidence from 0 to 1, and 0 or 1 for correct`);
    }
    pairs.confidences.push(value);
    pairs.correct.push(label === "1" || label === "true");
  };
  const names = (lines[0] ?? "").split(",").map((name) => name.trim().replace(/^"|"$/g, "").toLowerCase());
  const [at, of] = [names.indexOf("confidence"), names.indexOf("correct")];
  if (at >= 0 && of >= 0) {
    lines.slice(1).forEach((line, i) => {
      const cells = line.split(",");
      add(cells[at], cells[of], i + 2);
    });
    return pairs;
  }
  try {
    const rows = lines.map((line) => JSON.parse(line) as { confidence?: unknown; correct?: unknown });
    if (rows.length === 0 || rows[0]?.confidence === undefined || rows[0].correct === undefined) {
      return undefined;
    }
    rows.forEach(({ confidence, correct }, i) => { add(confidence, correct, i + 1); });
    return pairs;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** Shows the reliability diagram and the figures of labelled answers. */
export function showPairs(core: Core, pairs: Pairs, name: string): void {
  showEvaluation(evaluate(core, pairs.confidences, pairs.correct), name);
}

/** What the diagram shows of an evaluation. */
export type Figured = Pick<Evaluation, "n" | "correct" | "ece" | "auroc" | "brier"> & {
  readonly bins: readonly Pick<Evaluation["bins"][number], "low" | "high" | "count" | "confidence" | "accuracy">[];
};

/** Shows a reliability diagram and its figures. */
export function showEvaluation(result: Figured, name: string): void {
  const figure = (value: number): string => (Number.isNaN(value) ? "undefined" : value.toFixed(3));
  byId("diagram").replaceChildren(diagram(result), bins(result));
  byId("pairs-name").textContent = name;
  byId("figures").replaceChildren(
    ...Object.entries({
      "Answers": String(result.n),
      "Correct": String(result.correct),
      "ECE": figure(result.ece),
      "AUROC": figure(result.auroc),
      "Brier": figure(result.brier),
    }).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}

function diagram({ bins: all, ece, n }: Figured): SVGSVGElement {
  const most = Math.max(1, ...all.map(({ count }) => count));
  const label = `Reliability diagram of ${String(n)} labelled answers: share correct against confidence`;
  return svg("svg", { viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`, role: "img", "aria-label": `${label}; ECE ${ece.toFixed(3)}`, class: "chart" },
    ...axes("confidence", label),
    ...all.filter(({ count }) => count > 0).flatMap(({ low, high, count, confidence, accuracy }) => {
      const [left, width] = [x(low) + 1, x(high) - x(low) - 2];
      const gap = [Math.max(accuracy, confidence), Math.min(accuracy, confidence)] as const;
      return [
        svg("rect", { class: "bar", x: left, width, y: y(accuracy), height: y(0) - y(accuracy), "fill-opacity": 0.35 + (0.65 * count) / most }),
        svg("rect", { class: "gap", x: left, width, y: y(gap[0]), height: y(gap[1]) - y(gap[0]) }),
        svg("circle", { class: "mean", cx: left + width / 2, cy: y(confidence), r: 2.2 }),
      ];
    }),
    svg("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
  );
}

/** The diagram in numbers, for everybody who cannot see it. */
function bins({ bins: all }: Figured): HTMLElement {
  const cells = (cell: "th" | "td", ...texts: string[]): HTMLElement =>
    h("tr", {}, ...texts.map((text) => h(cell, cell === "th" ? { scope: "col" } : {}, text)));
  return h("details", { class: "bins" }, h("summary", {}, "The diagram in numbers"),
    h("table", {},
      h("thead", {}, cells("th", "Confidence", "Answers", "Mean", "Correct")),
      h("tbody", {}, ...all.filter(({ count }) => count > 0).map(({ low, high, count, confidence, accuracy }) =>
        cells("td", `${low.toFixed(1)}–${high.toFixed(1)}`, String(count), confidence.toFixed(2), accuracy.toFixed(2))))));
}
