import { type ConfidenceView, ENGLISH, type PositionConfidence, type ShowMode, showConfidences, showValue, shownAs } from "finece/badge";
import { h } from "./dom.js";
import { Markdown } from "./markdown.js";
import { type Policy, type Verdict, judge } from "./policy.js";
import type { Lane } from "./stage.js";
import type { Turn } from "./turn.js";

const LEAVES = "p, li:not(:has(p, li, pre)), h3, h4, h5, h6, pre, td, th";

/** An answer on the page. */
export class AnswerView {
  readonly element: HTMLElement;

  readonly #text = h("div", { class: "text" });
  readonly #note = h("p", { class: "note" });
  /** What the reader can do about the answer. */
  readonly foot = h("div", { class: "foot" });
  readonly #markdown = new Markdown(this.#text);
  readonly #view: ConfidenceView;
  #verdict: Verdict | undefined;

  constructor(readonly lane: Lane, readonly turn: Turn, mode: ShowMode) {
    const body = h("div", { class: "bubble" }, this.#text, this.#note, this.foot);
    this.element = h("article", { class: "answer", "aria-label": lane.live ? "Live answer" : "Answer" }, h("div", { class: "avatar", "aria-hidden": "true" }), body);
    this.#view = showConfidences(this.#text, { locale: "en", mode });
  }

  /** Shows the turn as it is now. */
  refresh(mode: ShowMode, policy: Policy, threshold: number, running: boolean): void {
    const { turn } = this;
    const positions = turn.positions;
    this.#markdown.update(turn.text, turn.replaced);
    this.#view.mode = mode;
    this.#view.update(turn.text, positions, turn.done);
    this.#view.flush();
    this.element.setAttribute("aria-busy", String(running));
    if (running) {
      this.#text.scrollTop = this.#text.scrollHeight; // where it has a height of its own, beside another answer
    }
    void this.#mark(positions, judge(positions, policy, threshold, turn.tokens), policy);
    // Where there is no answer, what went wrong stands in its place.
    const bare = turn.text === "" && turn.problem !== undefined && !running;
    this.#note.parentElement?.classList.toggle("bare", bare);
    this.#note.textContent = bare ? turn.problem ?? "" : [
      turn.problem,
      `${this.lane.origin}${turn.tokens > 0 ? ` · ${turn.estimated ? "about " : ""}${String(turn.tokens)} tokens` : ""}${running ? " · writing" : ""}`,
      turn.replaced > 0 ? "Another model's answer replaced the first one; the confidence is that of the new answer" : undefined,
    ].filter((line) => line !== undefined).join(" — ");
  }

  /** What the chip says. */
  get said(): string {
    return this.#view.chip.shadowRoot?.querySelector(".said")?.textContent ?? "";
  }

  /** Marks what the policy would not have shown. */
  async #mark(positions: readonly PositionConfidence[], verdict: Verdict | undefined, policy: Policy): Promise<void> {
    this.#verdict = verdict;
    const last = verdict === undefined || policy === "stop" ? verdict?.at : positions[positions.indexOf(verdict.at) - 1];
    const block = last === undefined || last.kinds.includes("question") ? undefined : await this.#view.blockOf(last);
    if (verdict !== this.#verdict) {
      return; // it was judged again meanwhile
    }
    const leaves = [...this.#text.querySelectorAll(LEAVES)];
    const before = block === undefined ? -1 : leaves.indexOf(block);
    leaves.forEach((leaf, i) => {
      const cut = verdict !== undefined && i > before;
      leaf.classList.toggle("cut", cut);
      leaf.toggleAttribute("data-cut", cut && i === before + 1);
      if (cut && i === before + 1) {
        const value = verdict.at.first === null ? "" : `, at ${showValue(verdict.at.first, shownAs(verdict.at), ENGLISH, "en")}`;
        leaf.setAttribute("data-cut", policy === "stop" ? `Would have stopped here${value}` : `Would have been withheld from here${value}`);
      }
    });
  }
}
