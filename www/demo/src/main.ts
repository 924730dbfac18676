// The page: what is set, what is asked or replayed, and what is shown of it.
import { type Core, loadCore } from "finece";
import { ENGLISH, type ShowMode, formatPercent, showValue, shownAs } from "finece/badge";
import { AnswerView } from "./answer.js";
import { timeline } from "./chart.js";
import { byId, h } from "./dom.js";
import { type Policy, judge } from "./policy.js";
import { readPairs, showPairs } from "./reliability.js";
import { NoAnswer, type Source, ask, replay } from "./sources.js";
import { type Settings, Turn } from "./turn.js";

const QUESTION = "A baker sells 48 loaves on Monday and half as many on Tuesday, at 3 euros each. "
  + "She needs 5 kg of flour for every 8 loaves, at 2 euros a kilogram. What is her profit?";
const TOKEN_PACE = 45; // milliseconds a token at speed 1
const CORE_TIMEOUT = 3000; // milliseconds after which confidences are given up

const form = byId("settings", HTMLFormElement);
const answers = byId("answers");
const views: AnswerView[] = [];
/** The core, or why there is none; it is given up when it does not load. */
let loaded: Core | undefined;
const core = new Promise<Core>((resolve, reject) => {
  loadCore().then(resolve, reject);
  setTimeout(() => { reject(new Error("finece.wasm was not loaded within 3 seconds")); }, CORE_TIMEOUT);
});
let running: AbortController | undefined;
let frame = 0;

const field = (name: string): string => {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
};
const policy = (): Policy => field("policy") as Policy;
const mode = (): ShowMode => field("mode") as ShowMode;
const threshold = (): number => Number(field("threshold"));

function settings(): Settings {
  return {
    strategy: field("strategy") as NonNullable<Settings["strategy"]>,
    estimator: field("estimator") as NonNullable<Settings["estimator"]>,
    alpha: Number(field("alpha")),
    depth: Number(field("depth")),
    every: Number(field("every")),
    entropyThreshold: Number(field("entropy")),
  };
}

/** Shows the latest answer with the next frame, and what would have been done with it. */
function refresh(all?: boolean): void {
  if (all === true) {
    views.forEach((view) => { view.refresh(mode(), policy(), threshold(), false); });
  }
  if (frame === 0) {
    frame = requestAnimationFrame(() => {
      frame = 0;
      const view = views.at(-1);
      if (view !== undefined) {
        const follow = innerHeight + scrollY > document.documentElement.scrollHeight - 80;
        view.refresh(mode(), policy(), threshold(), running !== undefined);
        if (follow && running !== undefined && matchMedia("(min-width: 62rem)").matches) {
          scrollTo({ top: document.documentElement.scrollHeight });
        }
        outcome(view.turn);
      }
    });
  }
}

function outcome(turn: Turn): void {
  const { positions, tokens, done } = turn;
  const judged = positions.filter(({ kinds }) => !kinds.includes("question"));
  const last = judged.at(-1);
  const stop = judge(positions, "stop", threshold(), tokens);
  const withhold = judge(positions, "withhold", threshold(), tokens);
  const share = (n: number): string => `${String(n)} tokens${tokens > 0 ? ` (${formatPercent(n / tokens, "en")})` : ""}`;
  const value = last?.kinds.includes("end") === true && last.fused !== null ? showValue(last.fused, shownAs(last), ENGLISH, "en") : "–";
  byId("facts").replaceChildren(...Object.entries({
    "Whole answer": value,
    "Positions": String(judged.length),
    "Revised": String(judged.filter((p) => p.first !== null && p.fused !== null && Math.abs(p.first - p.fused) >= 0.005).length),
  }).map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", {}, text))));
  byId("verdict-withhold").replaceChildren(withhold === undefined ? (done ? "nothing" : "nothing so far") : share(withhold.hidden));
  byId("verdict-stop").replaceChildren(stop === undefined ? (done ? "nothing" : "nothing so far") : share(stop.saved));
  const shown = policy() === "stop" ? stop : policy() === "withhold" ? withhold : undefined;
  byId("timeline").replaceChildren(timeline(judged, tokens, threshold(), shown?.at));
}

/** Plays or asks, and shows the answer as it comes. */
async function run(question: string, origin: string, open: (signal: AbortSignal) => Source): Promise<void> {
  running?.abort();
  const controller = running = new AbortController();
  document.body.classList.add("running");
  const turn = new Turn(() => loaded ?? core, settings(), refresh);
  const view = new AnswerView(question, origin, turn, mode());
  views.push(view);
  answers.append(view.element);
  byId("empty").hidden = true;
  view.refresh(mode(), policy(), threshold(), true);
  if (views.length > 1) {
    view.element.scrollIntoView({ block: "start" });
  }
  try {
    for await (const chunk of open(controller.signal)) {
      turn.write(chunk);
      refresh();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    turn.fail(error instanceof NoAnswer && turn.text === ""
      ? `${message} Start finece serve and open its address, or replay the recording.` : message);
  }
  if (controller.signal.aborted) {
    turn.fail("Stopped");
  }
  turn.end();
  if (running === controller) {
    running = undefined;
    document.body.classList.remove("running");
  }
  view.refresh(mode(), policy(), threshold(), false);
  refresh();
}

const pace = (): number => {
  const speed = Number(field("speed"));
  return speed > 0 ? TOKEN_PACE / speed : 0;
};

async function playDemo(): Promise<void> {
  const response = await fetch("demo.sse");
  const bytes = new Uint8Array(await response.arrayBuffer());
  await run(QUESTION, "Recorded answer", (signal) => replay(bytes, pace, signal));
}

async function take(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    const pairs = file.size < 16 << 20 ? readPairs(new TextDecoder().decode(bytes)) : undefined;
    if (pairs !== undefined) {
      showPairs(await core, pairs, `${file.name}: ${String(pairs.correct.length)} answers of yours`);
      return;
    }
  } catch (error) {
    byId("pairs-name").textContent = `${file.name}: ${error instanceof Error ? error.message : String(error)}`;
    return;
  }
  await run("", `Replay of ${file.name}`, (signal) => replay(bytes, pace, signal));
}

function rescored(): void {
  for (const name of ["alpha", "depth", "threshold"]) {
    byId(`${name}-out`).textContent = name === "threshold" ? formatPercent(threshold(), "en") : field(name);
  }
  byId("every-row").hidden = !field("strategy").includes("periodic");
  byId("entropy-row").hidden = !field("strategy").includes("entropy");
  views.forEach(({ turn }) => { turn.rescore(settings()); });
  refresh(true);
}

form.addEventListener("input", (event) => {
  const { name } = event.target as HTMLInputElement;
  if (name === "policy" || name === "threshold" || name === "mode") {
    byId("threshold-out").textContent = formatPercent(threshold(), "en");
    refresh(true);
  } else if (name !== "speed" && name !== "model") {
    rescored();
  }
});
form.addEventListener("submit", (event) => { event.preventDefault(); });

const LIVE = "Live answer";
const composer = byId("composer", HTMLFormElement);
const input = byId("prompt", HTMLTextAreaElement);
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running !== undefined && event.submitter !== null) { // the button says Stop; Enter sends the next question
    running.abort();
    return;
  }
  const question = input.value.trim();
  if (question === "") {
    input.focus();
    return;
  }
  input.value = "";
  // A recording is another model's, and no part of this conversation.
  const messages = views.filter(({ origin, turn }) => origin === LIVE && turn.text !== "").flatMap(({ question: asked, turn }) => [
    { role: "user", content: asked }, { role: "assistant", content: turn.text },
  ]);
  messages.push({ role: "user", content: question });
  void run(question, LIVE, (signal) => ask(messages, field("model"), signal));
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

byId("replay").addEventListener("click", () => { void playDemo(); });
for (const id of ["stream-file", "pairs-file"]) {
  const chosen = byId(id, HTMLInputElement);
  chosen.addEventListener("change", () => {
    const file = chosen.files?.[0];
    if (file !== undefined) {
      void take(file);
    }
    chosen.value = "";
  });
}
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", ({ relatedTarget }) => {
  if (relatedTarget === null) {
    document.body.classList.remove("dropping");
  }
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) {
    void take(file);
  }
});

const THEMES = ["auto", "light", "dark"] as const;
const theme = byId("theme", HTMLButtonElement);
function setTheme(name: string): void {
  document.documentElement.dataset["theme"] = name;
  theme.textContent = `Theme: ${name}`;
}
theme.addEventListener("click", () => {
  const at = THEMES.findIndex((name) => name === document.documentElement.dataset["theme"]);
  setTheme(THEMES[(at + 1) % THEMES.length] ?? "auto");
});

const query = new URLSearchParams(location.search);
setTheme(THEMES.find((name) => name === query.get("theme")) ?? "auto");
for (const [name, value] of query) {
  const control = form.elements.namedItem(name);
  if (control instanceof HTMLSelectElement || control instanceof HTMLInputElement || control instanceof RadioNodeList) {
    control.value = value;
  }
}
if (matchMedia("(prefers-reduced-motion: reduce)").matches && !query.has("speed")) {
  byId("speed", HTMLSelectElement).value = "0";
}

// What the page shows never waits for the core.
core.then(async (it) => {
  loaded = it;
  const pairs = readPairs(await (await fetch("sample.csv")).text());
  if (pairs !== undefined) {
    showPairs(it, pairs, `Example data: ${String(pairs.correct.length)} invented answers, of no real model`);
  }
}, (error: unknown) => {
  byId("core-problem").textContent = `Confidences are unavailable: ${error instanceof Error ? error.message : String(error)}`;
  byId("core-problem").hidden = false;
});
rescored();
if (query.get("play") !== "no") {
  void playDemo();
}
