import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { type TestContext, before, test } from "node:test";
import type { Page } from "playwright-core";
import { ConfidenceLog, ENGLISH, showValue, shownAs } from "finece/badge";
import { assertAccessible, open, positionsOf, skip } from "./badge-support.js";
import { bodyOf, cut, demo, serve, until } from "./support.js";

const dist = new URL("../demo/dist/", import.meta.url);

before(() => {
  if (skip === false) {
    execFileSync(process.execPath, [new URL("../demo/build.mjs", import.meta.url).pathname]);
  }
});

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", wasm: "application/wasm", csv: "text/csv", sse: "text/event-stream",
};

interface Options {
  without?: string;
  silent?: string;
  /** `broken` and `endless` send a part of the stream. Then the one breaks off once `breakOff` settles, and the other sends no more. */
  answer?: "demo" | "broken" | "endless" | 500;
  breakOff?: Promise<void>;
  bodies?: string[];
  left?: () => void;
}

/** A static server for the page, which may also answer chat completions. */
function pageAt(t: TestContext, { without, silent, answer, breakOff, bodies = [], left }: Options = {}): Promise<string> {
  return serve(t, (request, response) => {
    const name = new URL(request.url ?? "", "http://localhost").pathname.slice(1) || "index.html";
    const file = new URL(name, dist);
    if (request.method === "POST" && name === "v1/chat/completions" && answer !== undefined) {
      void (async () => {
        bodies.push(await bodyOf(request));
        response.on("close", () => { left?.(); });
        response.writeHead(answer === 500 ? 500 : 200, { "content-type": "text/event-stream" });
        for (const chunk of answer === 500 ? [] : cut(answer === "demo" ? demo : demo.subarray(0, 30_000), 2000)) {
          response.write(chunk);
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (answer === "broken") {
          await breakOff;
          response.destroy();
        } else if (answer !== "endless") {
          response.end();
        }
      })();
    } else if (name === silent) {
      // It is never answered.
    } else if (request.method !== "GET" || name === without || !/^[\w.]+$/.test(name) || !existsSync(file)) {
      response.writeHead(request.method === "GET" ? 404 : 405).end();
    } else {
      response.writeHead(200, { "content-type": TYPES[name.split(".").at(-1) ?? ""] }).end(readFileSync(file));
    }
  });
}

const idle = (page: Page): Promise<void> => until("the answer is there", () =>
  page.evaluate(() => document.querySelector(".answer") !== null && !document.body.classList.contains("running")));
const names = (page: Page): Promise<(string | null)[]> => page.locator("confidence-badge").evaluateAll((badges) =>
  badges.map((badge) => badge.shadowRoot?.querySelector("button")?.getAttribute("aria-label") ?? null));

test("it replays the recorded answer with no server behind it, and says what the core says", { skip }, async (t) => {
  const page = await open(t, "about:blank");
  const requests: string[] = [];
  page.on("request", (request) => { requests.push(request.method()); });
  const refused: string[] = [];
  page.on("response", (response) => { if (!response.ok()) { refused.push(response.url()); } });
  await page.goto(`${await pageAt(t)}/?recording=bakery&expert=open&mode=paragraphs`);
  await page.selectOption("#speed", "4");
  await page.locator("confidence-badge[state=provisional]").first().waitFor();
  await idle(page);
  assert.ok(requests.every((method) => method === "GET"));
  const expected = (await positionsOf(demo, { estimator: "leco" })).slice(1);
  assert.deepEqual(
    await names(page), expected.map((p) => `Certainty: ${showValue(p.fused ?? NaN, shownAs(p), ENGLISH)}, final`));
  const blocks = await page.locator("confidence-badge").evaluateAll((badges) => badges.map((badge) => {
    const mark = badge.parentElement;
    return (mark?.hasAttribute("block") === true ? mark.previousElementSibling : mark?.parentElement)?.localName;
  }));
  assert.deepEqual(blocks, ["p", "p", "p", "p", "pre", "p", "p", "li", "p"]);
  assert.equal(await page.locator(".chat [role=status]").count(), 1);
  await page.locator("#pairs-name", { hasText: "Example data" }).waitFor();
  assert.deepEqual(refused, [], "a server of files is asked for files alone");
});

test("the controls score the same bytes anew, and say what is withheld, stopped and saved", { skip }, async (t) => {
  const page = await open(t, `${await pageAt(t)}/?recording=bakery&expert=open&speed=0&mode=paragraphs`);
  await idle(page);
  const text = (id: string): Promise<string> => page.locator(`#${id}`).innerText();
  assert.equal(await text("verdict-withhold"), "107 tokens (69%)");
  assert.equal(await text("verdict-stop"), "78 tokens (50%)");
  assert.equal(await page.locator(".cut").count(), 0);

  await page.getByLabel("Withhold").check();
  await page.locator("[data-cut]").waitFor();
  assert.match(await page.locator("[data-cut]").innerText(), /^Flour is harder/);
  assert.equal(await page.locator("[data-cut]").getAttribute("data-cut"), "Would have been withheld from here, at low");
  await page.getByRole("radio", { name: "Stop" }).check();
  await page.locator("[data-cut]", { hasText: "Let me check" }).waitFor();

  await page.locator("[name=threshold]").fill("0.5");
  await until("nothing is below", async () => (await text("verdict-stop")) === "nothing");
  assert.equal(await page.locator(".cut").count(), 0);
  await page.locator("[name=alpha]").fill("1");
  await until("nothing is revised", async () => /Revised\s*0/.test(await text("facts")));
  assert.equal(await text("alpha-out"), "1");
  const unrevised = (await positionsOf(demo, { estimator: "leco", alpha: 1 })).at(1);
  assert.ok(unrevised !== undefined);
  await page.evaluate(() => { scrollTo(0, 0); }); // badges are made near the window
  await until("the badges are there", async () => (await names(page)).length > 0);
  assert.equal((await names(page))[0], `Certainty: ${showValue(unrevised.fused ?? NaN, shownAs(unrevised), ENGLISH)}, final`);

  await page.selectOption("[name=strategy]", "periodic");
  assert.ok(await page.locator("#every-row").isVisible());
  const periodic = (await positionsOf(demo, { estimator: "leco", strategy: "periodic", every: 30 })).length - 1;
  await until("the strategy is periodic", async () => new RegExp(`Positions\\s*${String(periodic)}`).test(await text("facts")));

  const answer = page.locator(".answer");
  const note = page.locator(".note");
  const beginnings = async (): Promise<number> => (await answer.innerText()).split("A baker sells").length - 1;
  assert.equal(await beginnings(), 1);
  for (const every of ["-5", "2.5"]) {
    await page.locator("[name=every]").fill(every);
    await note.filter({ hasText: "Confidence is unavailable" }).waitFor();
    assert.equal(await beginnings(), 1, `the text is there once with every ${every} tokens`);
    await page.locator("[name=every]").fill("30");
    await until("the error is gone", async () => !(await note.innerText()).includes("unavailable"));
    assert.equal(await beginnings(), 1);
  }
});

test("the reliability diagram is that of the example, then of a file that is dropped in", { skip }, async (t) => {
  const page = await open(t, `${await pageAt(t)}/?recording=bakery&expert=open&play=no&mode=paragraphs`);
  await page.locator("#diagram svg").waitFor();
  assert.match(await page.locator("#pairs-name").innerText(), /^Example data: 160 invented answers, not from a real model$/);
  const file = (name: string, text: string | Buffer) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await page.setInputFiles("#pairs-file", file("mine.jsonl", '{"confidence":0.9,"correct":true}\n{"confidence":0.2,"correct":0}\n'));
  await page.locator("#pairs-name", { hasText: "mine.jsonl: 2 answers" }).waitFor();
  assert.match(await page.locator("#figures").innerText(), /ECE\s*0\.150\s*AUROC\s*1\.000/);
  await page.setInputFiles("#pairs-file", file("one.csv", "confidence,correct\n0.5,1\n"));
  await page.locator("#figures", { hasText: "undefined" }).waitFor(); // AUROC of one class
  await page.setInputFiles("#pairs-file", file("bad.csv", "confidence,correct\n1.5,1\n"));
  await page.locator("#pairs-name", { hasText: "bad.csv: line 2" }).waitFor();
  await page.setInputFiles("#stream-file", file("mine.sse", Buffer.from(demo)));
  await page.locator(".note", { hasText: "Replay of mine.sse" }).waitFor();
  await page.selectOption("#speed", "0");
  await idle(page);
  assert.equal((await names(page)).length, 9);
  await page.setInputFiles("#stream-file", file("evil.txt", 'data: <img src=x onerror="globalThis.evil=1">\n\n'));
  await page.locator(".note", { hasText: "evil.txt" }).waitFor();
  await idle(page);
  assert.equal(await page.evaluate("globalThis.evil"), undefined);
});

test("live answers come from the server the page is from; what goes wrong is said", { skip }, async (t) => {
  const bodies: string[] = [];
  const page = await open(t, `${await pageAt(t, { answer: "demo", bodies })}/?recording=bakery&expert=open&play=no&mode=paragraphs`);
  await page.selectOption("#speed", "0");
  await page.getByRole("button", { name: "Replay the recording" }).click(); // no part of the conversation
  await until("the recording is shown", async () => await page.locator("confidence-badge[state=final]").count() === 9);
  await idle(page);
  await page.fill("#prompt", "What is the profit?");
  await page.keyboard.press("Enter");
  await until("all is final", async () => await page.locator("confidence-badge[state=final]").count() === 18);
  const sent = JSON.parse(bodies[0] ?? "") as Record<string, unknown>;
  assert.deepEqual([sent["stream"], sent["logprobs"], sent["messages"]], [true, true, [{ role: "user", content: "What is the profit?" }]]);
  assert.equal("model" in sent, false, "a model's name that nobody gave");
  await idle(page);
  await page.fill("#prompt", "And now?");
  await page.getByRole("button", { name: "Send" }).click();
  await until("the second question is asked", () => bodies.length === 2);
  assert.equal((JSON.parse(bodies[1] ?? "") as { messages: unknown[] }).messages.length, 3);

  for (const [answer, words] of [
    [undefined, /served without a model.*finece serve/], [500, /status 500/], ["broken", /connection broke off/],
  ] as const) {
    let breakOff = (): void => undefined;
    const shown = new Promise<void>((resolve) => { breakOff = resolve; });
    const other = await open(t, `${await pageAt(t, answer === undefined ? {} : { answer, breakOff: shown })}/?recording=bakery&expert=open&play=no&mode=paragraphs`);
    await other.fill("#prompt", "Hello?");
    await other.keyboard.press("Enter");
    if (answer === "broken") {
      await other.locator(".bubble > .text", { hasText: "A baker sells" }).waitFor();
      breakOff();
    }
    await idle(other);
    assert.match(await other.locator(".note").innerText(), words);
    if (answer === "broken") {
      assert.match(await other.locator(".bubble > .text").innerText(), /^A baker sells/);
      assert.equal(await other.locator("finece-chip .said").innerText(), "Confidence is not available");
    }
  }
});

test("while an answer plays Enter sends the question, and only the button stops", { skip }, async (t) => {
  const bodies: string[] = [];
  const page = await open(t, `${await pageAt(t, { answer: "demo", bodies })}/?recording=bakery&expert=open&speed=0.5&mode=paragraphs`);
  await page.locator(".bubble > .text", { hasText: "A baker" }).waitFor();
  await page.focus("#prompt");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate("document.body.classList.contains('running')"), true, "there is no question to send");
  await page.fill("#prompt", "What is the profit?");
  await page.keyboard.press("Enter");
  await until("the question is sent", () => bodies.length === 1);
  await idle(page);
  assert.deepEqual([await page.locator(".answer").count(), await page.inputValue("#prompt")], [2, ""]);
  await page.locator(".answer").first().locator(".note", { hasText: "Stopped" }).waitFor();
  await page.getByRole("button", { name: "Replay the recording" }).click();
  await page.fill("#prompt", "And now?");
  await page.getByRole("button", { name: "Stop" }).click();
  await idle(page);
  assert.deepEqual([bodies.length, await page.inputValue("#prompt")], [1, "And now?"]);
});

test("stopping, and closing the page in mid-stream, aborts the request", { skip }, async (t) => {
  let left = 0;
  const page = await open(t, `${await pageAt(t, { answer: "endless", left: () => { left++; } })}/?recording=bakery&expert=open&play=no&mode=paragraphs`);
  const askAndWait = async (): Promise<void> => {
    await page.fill("#prompt", "Slowly?");
    await page.keyboard.press("Enter");
    await until("text comes", async () => (await page.locator(".answer .bubble > .text").last().innerText()).length > 20);
  };
  await askAndWait();
  assert.equal(left, 0);
  await page.locator("#composer [type=submit]").click();
  await until("the first request is aborted", () => left === 1);
  await page.locator(".note", { hasText: "Stopped" }).waitFor();
  await askAndWait();
  await page.close();
  await until("the second request is aborted", () => left === 2);
});

for (const [how, options, words] of [
  ["is missing", { without: "finece.wasm" }, /HTTP 404/],
  ["is never answered", { silent: "finece.wasm" }, /not loaded within 3 seconds/],
] as const) {
  test(`when finece.wasm ${how} the page shows the text at once, and then that confidences are not available`, { skip }, async (t) => {
    const page = await open(t, "about:blank");
    await page.clock.install();
    await page.goto(`${await pageAt(t, options)}/?recording=bakery&expert=open&speed=0`);
    await until("the text is there", async () => /^A baker sells[\s\S]*126 euros/.test(await page.locator(".bubble > .text").innerText()));
    await page.clock.fastForward(200_000);
    const chip = page.locator("finece-chip .said");
    await until("the chip says so", async () => await chip.innerText() === "Confidence is not available");
    assert.match(await page.locator("#core-problem").innerText(), words);
    await page.fill("#prompt", "Hello?"); // and the page still works
    await page.locator("[name=alpha]").fill("1");
    await until("the chip says so again", async () => await chip.innerText() === "Confidence is not available");
    assert.match(await page.locator(".bubble > .text").innerText(), /^A baker sells[\s\S]*126 euros/);
  });
}

test("a recording plays beside a live answer, and what is shown can be saved and linked", { skip }, async (t) => {
  const url = await pageAt(t, { answer: "demo" });
  const page = await open(t, `${url}/?play=no&speed=0`);
  await page.getByRole("button", { name: /^A school has 25 shells/ }).click();
  await idle(page);
  const chip = page.locator("finece-chip .said");
  await until("the recording says a probability", async () => await chip.innerText() === "More than 9 in 10 answers like this are right");
  assert.match(await page.locator("#number-source").innerText(), /second model, “confidence”.*about 98% are right/);
  const download = async (name: string): Promise<Buffer> => {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name }).click();
    return readFileSync(await (await coming).path());
  };
  const saved = JSON.parse((await download("Save as JSON")).toString()) as { question: string };
  assert.match(saved.question, /^A school has 25 shells/);
  assert.equal(ConfidenceLog.from(saved).headline()?.calibrated, true);
  const picture = await download("Save as picture");
  assert.equal(picture.subarray(1, 4).toString(), "PNG");
  assert.ok(picture.length > 20_000, `a picture of ${String(picture.length)} bytes`);
  await page.locator("[name=threshold]").fill("0.6");
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.locator("#copied", { hasText: /copied|address bar/ }).waitFor();
  const link = new URL(page.url());
  assert.deepEqual([...link.searchParams].sort(), [["recording", "shells"], ["speed", "0"], ["threshold", "0.6"]]);
  await page.getByRole("button", { name: "Compare with a live answer" }).click();
  await until("two answers end side by side", async () => await page.locator(".pair .answer").count() === 2
    && await page.evaluate(() => !document.body.classList.contains("running")));
  assert.match(await page.locator(".pair .text").last().innerText(), /^A baker sells[\s\S]*126 euros/);
  const [left, right] = await page.locator(".pair .answer").evaluateAll((them) => them.map((it) => it.getBoundingClientRect().top));
  assert.equal(left, right);
  assert.equal(await page.locator("#history li").count(), 3);
  const other = await open(t, link.href);
  await until("the link shows the same", async () => await other.locator("finece-chip .said").innerText() === "More than 9 in 10 answers like this are right");
  assert.equal(await other.locator("#threshold-out").innerText(), "60%");
});

test("a stream that is pasted is scored in the browser, without a request", { skip }, async (t) => {
  const page = await open(t, `${await pageAt(t)}/?play=no&speed=0`);
  await page.locator("#diagram svg").waitFor();
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Paste a stream" }).click();
  await assertAccessible(page, "the dialog");
  await page.fill("#pasted", Buffer.from(demo).toString());
  await page.getByRole("button", { name: "Show it" }).click();
  await idle(page);
  assert.match(await page.locator(".bubble > .text").innerText(), /^A baker sells[\s\S]*126 euros/);
  await until("a certainty", async () => /certainty|Check this/.test(await page.locator("finece-chip .said").innerText()));
});

test("what another answer replaced is shown as such, and the other answer is not", { skip }, async (t) => {
  const first = "Naïve.\n\n```\nnever closed", second = "\n\n(Another model answers.)\n\nThe answer is 42.";
  const chunk = (content: string, more: object = {}): string => `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })}\n\n`;
  const page = await open(t, `${await pageAt(t)}/?play=no&speed=0`);
  await page.getByRole("button", { name: "Paste a stream" }).click();
  const events = [{ type: "decision", choice: 0, policy: "escalate", action: "replace", byte: Buffer.byteLength(first), reason: "low" }];
  await page.fill("#pasted", `${chunk(first)}${chunk("", { finece: { version: 1, events } })}${chunk(second)}data: [DONE]\n\n`);
  await page.getByRole("button", { name: "Show it" }).click();
  await idle(page);
  const blocks = page.locator(".bubble > .text").locator("> :is(p, pre)");
  assert.deepEqual(await blocks.evaluateAll((all) => all.map((block) => [block.textContent?.trim(), block.classList.contains("replaced")])),
    [["Naïve.", true], ["never closed", true], ["(Another model answers.)", false], ["The answer is 42.", false]]);
  await assertAccessible(page, "a replaced answer");
});

test("axe-core finds nothing, on a phone and a desktop, light and dark, under every policy and with details open", { skip }, async (t) => {
  const url = await pageAt(t);
  for (const [width, height] of [[390, 844], [1280, 860]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open(t, `${url}/?recording=bakery&expert=open&speed=0&policy=withhold&mode=paragraphs`, { viewport: { width, height }, colorScheme });
      await idle(page);
      await page.locator("#diagram svg").waitFor();
      const what = `${String(width)} ${colorScheme}`;
      await page.locator(".cut").first().waitFor();
      await assertAccessible(page, what);
      await page.locator("confidence-badge").first().getByRole("button").click();
      await page.locator(".bins summary").click();
      await page.locator("confidence-badge").first().getByRole("button").click();
      await assertAccessible(page, `${what}, open`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${what}: the page is ${String(wide)} px wider than the window`);
    }
  }
});
