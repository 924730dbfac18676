import { ENGLISH, type PositionConfidence, showValue, shownAs } from "finece/badge";
import { svg } from "./dom.js";

const WIDTH = 340, HEIGHT = 170, LEFT = 34, RIGHT = 10, TOP = 10, BOTTOM = 26;
const x = (share: number): number => LEFT + share * (WIDTH - LEFT - RIGHT);
const y = (value: number): number => TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);

/** Axes from 0 to 1 with a label below. */
export function axes(label: string, left: string): SVGElement[] {
  return [
    ...[0, 0.5, 1].flatMap((v) => [
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(v), y2: y(v) }),
      svg("text", { class: "tick", x: LEFT - 6, y: y(v) + 3.5, "text-anchor": "end" }, String(v)),
    ]),
    svg("text", { class: "tick", x: x(0.5), y: HEIGHT - 6, "text-anchor": "middle" }, label),
    svg("title", {}, left),
  ];
}

export { HEIGHT, WIDTH, x, y };

interface Known extends PositionConfidence {
  readonly fused: number;
  readonly raw: number;
}

/** The confidences of an answer against how much of it was written: each estimate, and what later ones made of it. */
export function timeline(
  positions: readonly PositionConfidence[], tokens: number, threshold: number, end: PositionConfidence | undefined,
): SVGSVGElement {
  const known = positions.filter((p): p is Known => p.fused !== null && p.raw !== null);
  const share = (p: PositionConfidence): number => (tokens > 0 ? Math.min(1, p.token / tokens) : 0);
  const line = (of: (p: Known) => number): string =>
    known.map((p, i) => `${i === 0 ? "M" : "L"}${x(share(p)).toFixed(1)} ${y(of(p)).toFixed(1)}`).join("");
  const last = known.at(-1);
  const label = last === undefined ? "Confidence along the answer: none known yet"
    : `Confidence along the answer: ${known.map((p) => showValue(p.fused, shownAs(p), ENGLISH, "en")).join(", ")}`;
  return svg("svg", { viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`, role: "img", "aria-label": label, class: "chart" },
    ...axes("share of the answer's tokens", label),
    svg("line", { class: "threshold", x1: x(0), x2: x(1), y1: y(threshold), y2: y(threshold) }),
    end === undefined ? null : svg("line", { class: "cut", x1: x(share(end)), x2: x(share(end)), y1: y(1), y2: y(0) }),
    svg("path", { class: "raw", d: line((p) => p.raw) }),
    svg("path", { class: "fused", d: line((p) => p.fused) }),
    ...known.map((p) => svg("circle", {
      class: `dot ${p.fused < threshold ? "below" : ""} ${p.state}`, cx: x(share(p)), cy: y(p.fused), r: 3.4,
    })),
  );
}
