import type { Core } from "finece";
import type { ShowMode } from "finece/badge";
import { AnswerView } from "./answer.js";
import { byId, h } from "./dom.js";
import type { Policy } from "./policy.js";
import { NoAnswer, type Source } from "./sources.js";
import { type Settings, Turn } from "./turn.js";

/** An answer to be shown: its question, what the page says of where it is from, and its bytes. */
export interface Lane {
  readonly question: string;
  readonly origin: string;
  /** The recording's name; "" for others. */
  readonly recording: string;
  /** Whether this page's server writes it. */
  readonly live: boolean;
  open(signal: AbortSignal, turn: Turn): Source;
}

/** How answers are shown. */
export interface Look {
  readonly mode: ShowMode;
  readonly policy: Policy;
  readonly threshold: number;
}

/** The answers on the page. One run is under way at a time; it may have several answers side by side. */
export class Stage {
  readonly views: AnswerView[] = [];

  readonly #core: () => Core | PromiseLike<Core>;
  readonly #look: () => Look;
  readonly #settings: () => Settings;
  readonly #changed: () => void;
  #running: AbortController | undefined;
  #frame = 0;

  /** `changed` is called with every frame in which the latest answers changed. */
  constructor(core: () => Core | PromiseLike<Core>, settings: () => Settings, look: () => Look, changed: () => void) {
    this.#core = core;
    this.#settings = settings;
    this.#look = look;
    this.#changed = changed;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** Stops what is under way. */
  stop(): void {
    this.#running?.abort();
  }

  /** Shows answers as they come, side by side if there are several. */
  async run(lanes: readonly Lane[]): Promise<void> {
    this.#running?.abort();
    const controller = this.#running = new AbortController();
    document.body.classList.add("running");
    const views = lanes.map((lane) => new AnswerView(lane, new Turn(this.#core, this.#settings(), () => { this.refresh(); }), this.#look().mode));
    const question = lanes[0]?.question ?? "";
    const item = h("li", { id: `answer-${String(this.views.length + 1)}` },
      question === "" ? null : h("div", { class: "question" }, h("h3", { class: "hidden" }, "Question"), h("p", {}, question)),
      views.length === 1 ? views[0]?.element : h("div", { class: "pair" }, ...views.map(({ element }) => element)));
    const first = this.views.length === 0;
    this.views.push(...views);
    byId("answers").append(item);
    byId("empty").hidden = true;
    this.#show(views, true);
    if (!first) {
      item.scrollIntoView({ block: "start" });
    }
    await Promise.all(views.map((view) => this.#follow(view, controller)));
    if (this.#running === controller) {
      this.#running = undefined;
      document.body.classList.remove("running");
    }
    this.#show(views, false);
    this.refresh();
  }

  /** Shows the latest answers with the next frame; `all` shows every answer at once. */
  refresh(all = false): void {
    if (all) {
      this.#show(this.views, false);
    }
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        const follow = innerHeight + scrollY > document.documentElement.scrollHeight - 80;
        this.#show(this.latest(), this.running);
        if (follow && this.running && matchMedia("(min-width: 62rem)").matches) {
          scrollTo({ top: document.documentElement.scrollHeight });
        }
        this.#changed();
      });
    }
  }

  /** The answers of the latest run. */
  latest(): AnswerView[] {
    const item = this.views.at(-1)?.element.closest("li");
    return this.views.filter(({ element }) => element.closest("li") === item);
  }

  #show(views: readonly AnswerView[], running: boolean): void {
    const { mode, policy, threshold } = this.#look();
    views.forEach((view) => { view.refresh(mode, policy, threshold, running && !view.turn.done); });
  }

  async #follow({ lane, turn }: AnswerView, { signal }: AbortController): Promise<void> {
    try {
      for await (const chunk of lane.open(signal, turn)) {
        turn.write(chunk);
        this.refresh();
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      turn.fail(error instanceof NoAnswer && turn.text === ""
        ? `${message} Start finece serve and open its address, or play a recording.` : message);
    }
    if (signal.aborted) {
      turn.fail("Stopped");
    }
    turn.end();
    this.refresh();
  }
}
