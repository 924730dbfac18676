import { type BadgePlacement, ENGLISH, type PositionConfidence, placeBadges, showValue, shownAs } from "finece/badge";
import { h } from "./dom.js";
import { Markdown } from "./markdown.js";
import { type Policy, type Verdict, judge } from "./policy.js";
import type { Turn } from "./turn.js";

const LEAVES = "p, li:not(:has(p, li, pre)), h3, h4, h5, h6, pre, td, th";

/** A question and its answer on the page. */
export class AnswerView {
  readonly element: HTMLElement;

  readonly #text = h("div", { class: "text" });
  readonly #note = h("p", { class: "note" });
  readonly #markdown = new Markdown(this.#text);
  readonly #placement: BadgePlacement;

  constructor(readonly question: string, readonly origin: string, readonly turn: Turn) {
    const body = h("div", { class: "bubble" }, this.#text, this.#note);
    this.element = h("li", {},
      question === "" ? null : h("div", { class: "question" }, h("h3", { class: "hidden" }, "Question"), h("p", {}, question)),
      h("article", { class: "answer", "aria-label": "Answer" }, h("div", { class: "avatar", "aria-hidden": "true" }), body));
    this.#placement = placeBadges(this.#text, { locale: "en" });
  }

  /** Shows the turn as it is now. */
  refresh(policy: Policy, threshold: number, running: boolean): void {
    const { turn } = this;
    const positions = turn.positions;
    this.#markdown.update(turn.text);
    this.#placement.update(turn.text, positions, turn.done);
    this.#placement.flush();
    this.element.querySelector(".answer")?.setAttribute("aria-busy", String(running));
    this.#mark(positions, judge(positions, policy, threshold, turn.tokens), policy);
    // Where there is no answer, what went wrong stands in its place.
    const bare = turn.text === "" && turn.problem !== undefined && !running;
    this.#note.parentElement?.classList.toggle("bare", bare);
    this.#note.textContent = bare ? turn.problem ?? "" : [
      turn.problem,
      `${this.origin}${turn.tokens > 0 ? ` · ${turn.estimated ? "about " : ""}${String(turn.tokens)} tokens` : ""}${running ? " · writing" : ""}`,
    ].filter((line) => line !== undefined).join(" — ");
  }

  remove(): void {
    this.#placement.disconnect();
    this.element.remove();
  }

  /** Marks what the policy would not have shown. */
  #mark(positions: readonly PositionConfidence[], verdict: Verdict | undefined, policy: Policy): void {
    const leaves = [...this.#text.querySelectorAll(LEAVES)];
    const before = verdict === undefined ? -1
      : policy === "stop" ? this.#leafOf(verdict.at.index, positions, leaves)
        : this.#leafOf(positions[positions.indexOf(verdict.at) - 1]?.index ?? -1, positions, leaves, verdict.at.index);
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

  /** The place of the last block that a position's text reaches; -1 for the beginning. */
  #leafOf(index: number, positions: readonly PositionConfidence[], leaves: readonly Element[], under = Infinity): number {
    const position = positions.find((p) => p.index >= index && p.index < under);
    const block = position === undefined ? undefined : this.#placement.blockOf(position);
    return block === undefined ? -1 : leaves.indexOf(block);
  }
}
