import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readEnvelope } from "finece";
import { ConfidenceLog, formatPercent } from "finece/badge";
import { open, skip } from "./badge-support.js";
import { fineceServe, noGo } from "./serve-support.js";
import { until } from "./support.js";

const dist = new URL("../demo/dist/", import.meta.url);
const unable = skip === false ? noGo : skip;

let address = "";
let folder = "";

before(async () => {
  if (unable !== false) {
    return;
  }
  execFileSync(process.execPath, [new URL("../demo/build.mjs", import.meta.url).pathname]);
  folder = mkdtempSync(join(tmpdir(), "finece-labels-"));
  address = await fineceServe("--feedback-db", join(folder, "labels.db"));
});

after(() => { rmSync(folder, { recursive: true, force: true }); });

const TYPES: Record<string, string> = { html: "text/html", css: "text/css", js: "text/javascript", wasm: "application/wasm", csv: "text/csv" };

test("the page shows the same numbers as its server says", { skip: unable }, async (t) => {
  const page = await open(t, "about:blank");
  // The page of this checkout, under the server's address; all else is the server's. Its
  // answers are kept here, since Chromium does not always keep the body of a stream.
  let body = "";
  const { headers: own } = await fetch(address);
  await page.route(`${address}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || "index.html";
    if (route.request().method() === "GET" && existsSync(new URL(name, dist))) {
      await route.fulfill({
        body: readFileSync(new URL(name, dist)), contentType: TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain",
        headers: { "x-finece-labels": own.get("x-finece-labels") ?? "" },
      });
    } else if (new URL(route.request().url()).pathname === "/v1/chat/completions") {
      const { host: _, "content-length": __, ...headers } = await route.request().allHeaders(); // Origin among them
      const response = await fetch(route.request().url(), { method: "POST", headers, body: route.request().postData() });
      body = await response.text();
      await route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body });
    } else {
      await route.continue();
    }
  });
  await page.goto(`${address}/?play=no&mode=paragraphs`);
  for (const question of [
    "A baker sells 4 loaves on Monday and 3 on Tuesday. How many loaves does he sell in all?",
    "Rosa has 12 apples. She gives away 5 and buys twice as many as she has left. How many apples does she have?",
  ]) {
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.fill("#prompt", question);
    await page.keyboard.press("Enter");
    await answered;
    await until("the answer is there", () => page.evaluate(() => !document.body.classList.contains("running")));

    const log = new ConfidenceLog();
    for (const line of body.split("\n").filter((data) => data.startsWith("data: {"))) {
      readEnvelope(JSON.parse(line.slice(6)))?.events.forEach((record) => { log.apply(record); });
    }
    const whole = log.positions().find(({ kinds }) => kinds.includes("end"));
    assert.ok(whole !== undefined && typeof whole.fused === "number", body.slice(-2000));
    const badges = page.locator(".answer").last().locator("confidence-badge");
    await until("its badges are there", async () => await badges.count() > 0);
    const shown = await badges.evaluateAll((badges) => badges.map((badge) => Number(badge.getAttribute("value"))));
    const said = log.positions().map(({ fused }) => fused);
    assert.ok(shown.length > 0 && shown.every((value) => said.includes(value)), `${JSON.stringify(shown)} of ${JSON.stringify(said)}`);
    assert.equal(shown.at(-1), whole.fused);
    // A percentage only for a probability.
    const words = whole.calibrated ? formatPercent(whole.fused, "en") : "(low|medium|high)";
    assert.match(await page.locator("#facts").innerText(), new RegExp(`Whole answer\\s*${words}`));
  }

  // A label goes to the server, and the diagram becomes that of its labels.
  await page.getByRole("button", { name: "Right" }).last().click();
  await page.locator(".foot [role=status]", { hasText: "Thank you" }).waitFor();
  await page.locator("#pairs-name", { hasText: /^This server's answers that people labelled: 1 / }).waitFor();
  assert.match(await page.locator("#figures").innerText(), /Answers\s*1\s*Correct\s*1/);
  await page.reload();
  await page.locator("#pairs-name", { hasText: /^This server's answers that people labelled: 1 / }).waitFor();
});
