import type { AnswerView } from "./answer.js";
import { h } from "./dom.js";
import { type Figured, showEvaluation } from "./reliability.js";

interface Figures {
  readonly labels: number;
  readonly groups: readonly {
    readonly kinds: string; readonly estimator: string; readonly calibrated: boolean;
    readonly n: number; readonly correct: number; readonly ece: number | null; readonly auroc: number | null; readonly brier: number | null;
    readonly bins: readonly { readonly low: number; readonly high: number; readonly n: number; readonly confidence: number; readonly accuracy: number }[];
  }[];
}

/** Shows the figures of the labels that this page's server has. Says whether there are any. */
export async function showServerLabels(): Promise<boolean> {
  let figures: Figures;
  try {
    const response = await fetch(new URL("/finece/calibration", location.href), { headers: { accept: "application/json" } });
    if (!response.ok || response.headers.get("content-type")?.includes("json") !== true) {
      void response.body?.cancel();
      return false;
    }
    figures = await response.json() as Figures;
  } catch {
    return false; // there is no server
  }
  const group = figures.groups.find(({ n }) => n > 0); // whole answers come first
  if (group === undefined) {
    return false;
  }
  const figure = (value: number | null): number => value ?? NaN;
  const evaluation: Figured = {
    n: group.n, correct: group.correct, ece: figure(group.ece), auroc: figure(group.auroc), brier: figure(group.brier),
    bins: group.bins.map(({ low, high, n, confidence, accuracy }) => ({ low, high, count: n, confidence, accuracy })),
  };
  showEvaluation(evaluation, `This server's answers that people labelled: ${String(group.n)} ${group.calibrated ? "calibrated confidences" : "certainties, which are not calibrated,"} of ${group.kinds === "end" ? "whole answers" : `positions (${group.kinds})`}`);
  return true;
}

/** Lets the reader say whether a live answer was right, where the server keeps labels. */
export function offerLabels(view: AnswerView, id: string): void {
  const said = h("span", { role: "status" });
  const buttons = ([["Right", true], ["Wrong", false]] as const).map(([text, correct]) => {
    const button = h("button", { type: "button", class: "button", "aria-pressed": "false" }, text);
    button.addEventListener("click", () => {
      void fetch(new URL("/finece/feedback", location.href), {
        method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ id, correct }),
      }).then((response) => {
        said.textContent = response.ok ? "Thank you. The diagram now counts your label." : `The server did not accept your label (status ${String(response.status)}).`;
        if (response.ok) {
          buttons.forEach((other) => { other.setAttribute("aria-pressed", String(other === button)); });
          void showServerLabels();
        }
      }, () => { said.textContent = "The server cannot be reached."; });
    });
    return button;
  });
  view.foot.replaceChildren(h("span", {}, "Was this answer right?"), ...buttons, said);
}
