import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { test } from "node:test";
import { confidences } from "finece";
import { core } from "finece/inline";
import { open, skip } from "./badge-support.js";
import { expected } from "./packed-support.js";
import { apart, demo, serve, until } from "./support.js";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

test("one script tag scores a stream and shows its confidence", { skip }, async (t) => {
  const asked: string[] = [];
  const url = await serve(t, ({ url: path = "" }, response) => {
    asked.push(path);
    if (path === "/demo.sse") {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(demo);
    } else if (path.startsWith("/cdn/")) {
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "" }).end(readFileSync(new URL(`../dist${path}`, import.meta.url)));
    } else {
      response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><html lang="en"><title>page</title><div><div id="answer"></div></div>
        <script src="/cdn/finece.js"></script>
        <script>
          const answer = document.querySelector("#answer");
          const view = FineCE.showConfidences(answer);
          (async () => {
            const readable = FineCE.readSource(await fetch("/demo.sse"));
            readable.subscribe(() => {
              const { text, positions, status, done } = readable.getSnapshot();
              answer.textContent = text;
              view.update(text, positions, done);
              document.documentElement.dataset.status = status;
            });
          })();
        </script></html>`);
    }
  });
  const page = await open(t, url);
  await until("the answer is done", async () => await page.locator("html").getAttribute("data-status") === "done");
  assert.match(await page.locator("finece-chip .said").innerText(), /^(Check this|Medium certainty|High certainty)$/);
  assert.deepEqual(asked.filter((path) => path.startsWith("/cdn/")), ["/cdn/finece.js", "/cdn/finece.wasm"]);
  await page.locator("finece-chip").getByRole("button").first().click();
  await page.locator(".panel.open .row").first().waitFor(); // nothing of it is a file of its own
});

test("the core inside of the JavaScript says the same as the file", async () => {
  const events = [];
  for await (const event of confidences(new Response(demo), { core })) {
    events.push(event);
  }
  assert.deepEqual(apart(events), apart(await expected()));
});
