// What people see, in WebKitGTK. Playwright cannot drive it, so what is tested is the gallery and one page.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type TestContext, test } from "node:test";
import { build } from "esbuild";
import { type PositionConfidence, headlineOf } from "finece/badge";
import { type Driven, webkit } from "../../conformance/webdriver.mjs";
import { positionsOf } from "../badge-support.js";
import { root } from "../packed-support.js";
import { HUNG, demo, serve, wasm } from "../support.js";

const inPath = (name: string): boolean => process.env["PATH"]?.split(":").some((folder) => existsSync(`${folder}/${name}`)) === true;
const skip = inPath("WebKitWebDriver") && inPath("xvfb-run") ? false : "no WebKit found; install webkit2gtk-driver and xvfb";

async function open(t: TestContext, url: string, width: number, height: number): Promise<Driven> {
  const browser = await webkit(width, height);
  t.after(() => browser.close());
  await browser.open(url);
  return browser;
}

/** Waits in the page until an expression holds. */
async function until(browser: Driven, holds: string): Promise<void> {
  const said = await browser.run(`
    for (const start = Date.now(); !(${holds}); await new Promise((next) => setTimeout(next, 20))) {
      if (Date.now() - start > ${String(HUNG)}) return "hung";
    }`);
  assert.notEqual(said, "hung", holds);
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

test("WebKit draws the gallery", { skip }, async (t) => {
  execFileSync(process.execPath, [`${root}gallery/build.mjs`]);
  const url = await serve(t, (request, response) => {
    const file = request.url === "/gallery.js" ? "gallery.js" : "index.html";
    response.writeHead(200, { "content-type": file.endsWith("js") ? "text/javascript" : "text/html" }).end(readFileSync(`${root}gallery/dist/${file}`));
  });
  for (const [name, width, height] of [["wide", 1200, 4600], ["phone", 500, 6200]] as const) {
    const browser = await open(t, url, width, height);
    await until(browser, `document.querySelectorAll("[data-mode=paragraphs]:not([data-unavailable]) confidence-badge").length === 5
      && document.querySelectorAll("[data-mode=quiet] confidence-badge").length === 1`);
    // Badges beside code are moved to their places with a frame.
    await browser.run("for (let i = 0; i < 3; i++) await new Promise((next) => requestAnimationFrame(next))");
    assert.ok(await browser.run(`
      const mark = document.querySelector("[data-mode=paragraphs] finece-mark[block]"), code = mark.previousElementSibling.getBoundingClientRect();
      const { right, bottom } = mark.firstElementChild.getBoundingClientRect();
      return right <= code.right && right > code.right - 20 && bottom <= code.bottom && bottom > code.bottom - 20`), "the badge of code is in its corner");
    assert.equal(await browser.run(`return getComputedStyle(document.querySelector(".finece-legend .low")).textDecorationStyle`), "wavy");
    writeFileSync(`${root}gallery/dist/webkit-${name}.png`, await browser.picture());
    assert.equal(await browser.run("return document.documentElement.scrollWidth - innerWidth"), 0, name);
    const undrawn = await browser.run(`
      return [...document.querySelectorAll("confidence-badge, finece-chip:not([hidden])")].filter((badge) => badge.shadowRoot.querySelector("button").getBoundingClientRect().width < 8).map((badge) => badge.outerHTML)`);
    assert.deepEqual(undrawn, []);
    assert.deepEqual(await browser.run(`${axe}; return (await window.axe.run()).violations.map(({ id, nodes }) => id + " " + nodes[0].html)`), [], name);
  }
});

test("WebKit scores a stream, shows its confidences, opens the details, and tells what is no answer", { skip }, async (t) => {
  const { outputFiles } = await build({
    stdin: { resolveDir: root, contents: `
      import { createElement as h } from "react";
      import { createRoot } from "react-dom/client";
      import { showConfidences } from "finece/badge";
      import { Confidences, useConfidence } from "finece/react";
      import { readSource } from "finece/store";
      const options = { coreTimeout: ${String(HUNG)} };
      const ask = (path) => (signal) => fetch(path, { signal });
      function Answer({ source, id }) {
        const { text, positions, done, error } = useConfidence(source, options);
        return h(Confidences, { id, text, positions, done, mode: "paragraphs" }, text.split("\\n\\n").map((p, key) => h("p", { key }, p)), error && h("p", { role: "alert" }, error));
      }
      const demo = ask("/demo.sse"), refused = ask("/refused");
      createRoot(document.querySelector("#app")).render([h(Answer, { source: demo, id: "react", key: 1 }), h(Answer, { source: refused, id: "refused", key: 2 })]);
      const plain = document.querySelector("#plain");
      const view = showConfidences(plain);
      const readable = readSource(ask("/demo.sse"), options);
      readable.subscribe(() => {
        const { text, positions, done } = globalThis.snapshot = readable.getSnapshot();
        plain.textContent = text;
        view.update(text, positions, done);
      });` },
    bundle: true, write: false, format: "esm", target: "es2022", define: { "process.env.NODE_ENV": '"production"' },
  });
  const url = await serve(t, ({ url: path }, response) => {
    const [status, type, body] = path === "/app.js" ? [200, "text/javascript", outputFiles[0]?.contents] as const
      : path === "/finece.wasm" ? [200, "application/wasm", wasm] as const
      : path === "/demo.sse" ? [200, "text/event-stream", demo] as const
      : path === "/refused" ? [429, "application/json", `{"error":{"message":"slow down"}}`] as const
      : [200, "text/html", `<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title><main><h1>Answers</h1><div id="app"></div><div><div id="plain"></div></div></main><script type="module" src="/app.js"></script></html>`] as const;
    response.writeHead(status, { "content-type": type }).end(body);
  });
  const browser = await open(t, url, 1000, 2600);
  await until(browser, `globalThis.snapshot?.done && document.querySelector("#refused [role=alert]") && document.querySelectorAll("#react confidence-badge").length > 5`);
  const positions = await positionsOf(demo, {});
  const shown = await browser.run("return { text: snapshot.text, positions: snapshot.positions }") as { text: string; positions: PositionConfidence[] };
  assert.match(shown.text, /^A baker sells[\s\S]*126 euros/);
  assert.deepEqual(shown.positions, positions, "as the core says in Node");
  const said = `document.querySelector("main > div:last-of-type finece-chip")`;
  assert.equal(await browser.run(`return ${said}.getAttribute("value")`), String(headlineOf(positions)?.fused));
  await browser.run(`${said}.shadowRoot.querySelector("button").click()`);
  await until(browser, `${said}.shadowRoot.querySelector(".panel.open .row") !== null`);
  writeFileSync(`${root}gallery/dist/webkit-page.png`, await browser.picture());
  await browser.run(`${said}.shadowRoot.querySelector("button").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }))`);
  await until(browser, `${said}.shadowRoot.querySelector(".panel.open") === null`);
  assert.match(await browser.run(`return document.querySelector("#refused [role=alert]").textContent`) as string, /HTTP 429 .*slow down; lower the concurrency/);
  assert.equal(await browser.run(`return document.querySelector("#refused finece-chip:not([hidden])").shadowRoot.querySelector(".said").textContent`), "Confidence is not available");
  assert.deepEqual(await browser.run(`${axe}; return (await window.axe.run()).violations.map(({ id, nodes }) => id + " " + nodes[0].html)`), []);
});
