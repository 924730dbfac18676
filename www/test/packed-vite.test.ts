import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { build } from "vite";
import type { StreamEvent } from "finece";
import { open, skip } from "./badge-support.js";
import { app, expected } from "./packed-support.js";
import { apart, demo, serve, until } from "./support.js";

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const page = `<!doctype html><title>app</title><body><script type="module" src="/main.js"></script>`;
const main = `
  import { confidences } from "finece";
  import { ConfidenceBadge } from "finece/badge";
  ConfidenceBadge.define();
  const events = [];
  for await (const event of confidences(await fetch("/demo.sse"))) events.push(event);
  globalThis.scored = JSON.stringify(events);
  document.body.append(document.createElement("confidence-badge"));`;

test("an app that Vite builds with the packed package", { skip }, async (t) => {
  const folder = app(t, tmpdir(), { "index.html": page, "main.js": main });
  const warnings: string[] = [];
  await build({
    root: folder, configFile: false, logLevel: "warn", build: { target: "es2022" },
    customLogger: {
      hasWarned: false, info: () => undefined, clearScreen: () => undefined, hasErrorLogged: () => false,
      warn: (text) => warnings.push(text), warnOnce: (text) => warnings.push(text), error: (text) => warnings.push(text),
    },
  });
  assert.deepEqual(warnings, []);

  const fetched: string[] = [];
  const url = await serve(t, (request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url ?? "");
    fetched.push(path);
    if (path === "/demo.sse") {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(demo);
      return;
    }
    try {
      const file = readFileSync(join(folder, "dist", path));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  const view = await open(t, url);
  const scored = (): Promise<string | undefined> => view.evaluate(() => (globalThis as { scored?: string }).scored);
  await until("the stream to be scored", async () => await scored() !== undefined);
  assert.deepEqual(apart(JSON.parse(await scored() ?? "") as StreamEvent[]), apart(await expected()));
  assert.ok(fetched.some((path) => path.endsWith(".wasm")), "the core was a file of its own");
  assert.equal(await view.locator("confidence-badge").count(), 1);
});
