// The page: what is set, what is asked or replayed, and what is shown of it.
import { type Core, loadCore } from "finece";
import { ENGLISH, type ShowMode, formatPercent, showValue, shownAs } from "finece/badge";
import { timeline } from "./chart.js";
import { byId, h } from "./dom.js";
import { sourceOf } from "./explain.js";
import { takeFiles } from "./files.js";
import { offerLabels, showServerLabels } from "./labels.js";
import { type Policy, judge } from "./policy.js";
import { RECORDINGS, type Recording } from "./recordings.js";
import { readPairs, showPairs } from "./reliability.js";
import { linkTo, saveJSON, savePicture } from "./save.js";
import { ask, replay } from "./sources.js";
import { type Lane, Stage } from "./stage.js";
import type { Settings } from "./turn.js";

const TOKEN_PACE = 45; // milliseconds a token at speed 1
const CORE_TIMEOUT = 3000; // milliseconds after which confidences are given up

const form = byId("settings", HTMLFormElement);
/** The core, or why there is none; it is given up when it does not load. */
let loaded: Core | undefined;
const core = new Promise<Core>((resolve, reject) => {
  loadCore().then(resolve, reject);
  setTimeout(() => { reject(new Error("finece.wasm was not loaded within 3 seconds")); }, CORE_TIMEOUT);
});

const field = (name: string): string => {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value : "";
};
const policy = (): Policy => field("policy") as Policy;
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

const stage = new Stage(() => loaded ?? core, settings, () => ({ mode: field("mode") as ShowMode, policy: policy(), threshold: threshold() }), outcome);

/** Shows the figures of the latest answer, and what would have been done with it. */
function outcome(): void {
  const view = stage.latest()[0];
  if (view === undefined) {
    return;
  }
  const { positions, tokens, done, headline } = view.turn;
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
  byId("number-source").textContent = sourceOf(headline, done);
  byId("history-card").hidden = stage.views.length < 2;
  byId("history").replaceChildren(...stage.views.map(({ element, lane, said }) =>
    h("li", {}, h("a", { href: `#${element.closest("li")?.id ?? ""}` }, lane.question === "" ? lane.origin : lane.question), h("span", {}, lane.live ? `${said} (live)` : said))));
}

const pace = (): number => {
  const speed = Number(field("speed"));
  return speed > 0 ? TOKEN_PACE / speed : 0;
};

const LIVE = "Live answer of this page's server";

function recorded({ name, question, by, gold, right }: Recording): Lane {
  return {
    question, recording: name, live: false, origin: `${by}. This answer is ${right ? "right" : "wrong"}: the right one is ${gold}`,
    open: (signal) => replay(fetch(`${name}.sse`).then((response) => response.arrayBuffer()), pace, signal),
  };
}

function live(question: string): Lane {
  // A recording is another model's, and no part of this conversation.
  const messages = stage.views.filter(({ lane, turn }) => lane.live && turn.text !== "").flatMap(({ lane, turn }) => [
    { role: "user", content: lane.question }, { role: "assistant", content: turn.text.slice(turn.replaced) },
  ]);
  messages.push({ role: "user", content: question });
  return {
    question, recording: "", live: true, origin: LIVE,
    open: (signal, turn) => ask(messages, field("model"), signal, (id) => {
      const view = stage.views.find((it) => it.turn === turn);
      if (id !== "" && view !== undefined) {
        offerLabels(view, id);
      }
    }),
  };
}

form.addEventListener("input", (event) => {
  const { name } = event.target as HTMLInputElement;
  if (name === "policy" || name === "threshold" || name === "mode") {
    byId("threshold-out").textContent = formatPercent(threshold(), "en");
    stage.refresh(true);
  } else if (name !== "speed" && name !== "model") {
    rescored();
  }
});
form.addEventListener("submit", (event) => { event.preventDefault(); });

function rescored(): void {
  for (const name of ["alpha", "depth", "threshold"]) {
    byId(`${name}-out`).textContent = name === "threshold" ? formatPercent(threshold(), "en") : field(name);
  }
  byId("every-row").hidden = !field("strategy").includes("periodic");
  byId("entropy-row").hidden = !field("strategy").includes("entropy");
  stage.views.forEach(({ turn }) => { turn.rescore(settings()); });
  stage.refresh(true);
}

const composer = byId("composer", HTMLFormElement);
const input = byId("prompt", HTMLTextAreaElement);
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (stage.running && event.submitter !== null) { // the button says Stop; Enter sends the next question
    stage.stop();
    return;
  }
  const question = input.value.trim();
  if (question === "") {
    input.focus();
    return;
  }
  input.value = "";
  void stage.run([live(question)]);
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

const query = new URLSearchParams(location.search);
let chosen = RECORDINGS.find(({ name }) => name === query.get("recording")) ?? RECORDINGS[0];
const play = (recording: Recording | undefined): void => {
  if (recording !== undefined) {
    chosen = recording;
    void stage.run([recorded(recording)]);
  }
};
byId("replay").addEventListener("click", () => { play(chosen); });
byId("compare").addEventListener("click", () => {
  if (chosen !== undefined) {
    void stage.run([recorded(chosen), live(chosen.question)]);
  }
});
byId("suggestions").append(...RECORDINGS.map((recording) => {
  const button = h("button", { type: "button", class: "button suggestion", title: recording.question }, recording.question);
  button.addEventListener("click", () => { play(recording); });
  return h("li", {}, button);
}));

takeFiles(async (name, bytes) => {
  const shown = `${name}: `;
  try {
    const pairs = bytes.length < 16 << 20 ? readPairs(new TextDecoder().decode(bytes)) : undefined;
    if (pairs !== undefined) {
      showPairs(await core, pairs, `${shown}${String(pairs.correct.length)} answers of yours`);
      return;
    }
  } catch (error) {
    byId("pairs-name").textContent = `${shown}${error instanceof Error ? error.message : String(error)}`;
    return;
  }
  await stage.run([{ question: "", recording: "", live: false, origin: `Replay of ${name}`, open: (signal) => replay(Promise.resolve(bytes), pace, signal) }]);
});

for (const [id, save] of [["save-json", saveJSON], ["save-picture", savePicture]] as const) {
  byId(id).addEventListener("click", () => {
    const view = stage.latest()[0];
    if (view !== undefined) {
      save(view);
    }
  });
}
byId("copy-link").addEventListener("click", () => {
  const link = linkTo(form, stage.latest()[0]);
  const said = byId("copied");
  history.replaceState(null, "", link);
  void navigator.clipboard.writeText(link).then(() => { said.textContent = "The link is copied."; }, () => { said.textContent = "The link is in the address bar."; });
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

setTheme(THEMES.find((name) => name === query.get("theme")) ?? "auto");
for (const [name, value] of query) {
  const control = form.elements.namedItem(name);
  if (control instanceof HTMLSelectElement || control instanceof HTMLInputElement || control instanceof RadioNodeList) {
    control.value = value;
    (control instanceof Element ? control.closest("details") : null)?.setAttribute("open", "");
  }
}
byId("expert").toggleAttribute("open", query.has("expert") || byId("expert").hasAttribute("open"));
input.value = query.get("ask") ?? "";
if (matchMedia("(prefers-reduced-motion: reduce)").matches && !query.has("speed")) {
  byId("speed", HTMLSelectElement).value = "0";
}

// What the page shows never waits for the core.
core.then(async (it) => {
  loaded = it;
  const sample = await fetch("sample.csv");
  const pairs = readPairs(await sample.text());
  // Only a server that says so has labels; another one has no such address.
  if (pairs !== undefined && !(sample.headers.has("x-finece-labels") && await showServerLabels())) {
    showPairs(it, pairs, `Example data: ${String(pairs.correct.length)} invented answers, not from a real model`);
  }
}, (error: unknown) => {
  byId("core-problem").textContent = `Confidences are unavailable: ${error instanceof Error ? error.message : String(error)}`;
  byId("core-problem").hidden = false;
});
rescored();
if (query.get("play") !== "no" && !query.has("ask")) {
  play(chosen);
}
