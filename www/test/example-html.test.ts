import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { open } from "./badge-support.js";
import { assertAnswers, example, fineceServe, unable } from "./example-support.js";
import { root } from "./packed-support.js";
import { serve } from "./support.js";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

test("the plain page asks finece serve and shows the confidence", { skip: unable }, async (t) => {
  const html = readFileSync(join(example("html"), "index.html"), "utf8");
  let address = "";
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(html.replace("http://127.0.0.1:8080", address));
  });
  address = await fineceServe(t, "--allow-origin", url);
  const page = await open(t, "about:blank");
  // The script is that of this checkout.
  await page.route(`https://cdn.jsdelivr.net/npm/finece@${version}/**`, async (route) => {
    const path = new URL(route.request().url()).pathname.replace(/^\/npm\/finece@[^/]+\//, "");
    await route.fulfill({ body: readFileSync(join(root, path)), contentType: "text/javascript" });
  });
  await page.goto(url);
  await assertAnswers(page);
  assert.match(await page.locator("#answer").innerText(), /\d/);
});
