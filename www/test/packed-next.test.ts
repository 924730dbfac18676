import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { StreamEvent } from "finece";
import { open, skip } from "./badge-support.js";
import { app, expected, root, scored, started } from "./packed-support.js";
import { apart, demo, serve, until } from "./support.js";

// A page that is rendered on the server and goes on in the browser, and a route
// that scores on the server.
const files = {
  // Next itself is two folders up, where Turbopack looks only if told to.
  "next.config.js": `export default { turbopack: { root: ${JSON.stringify(root)} }};`,
  "app/layout.js": `
    export const metadata = { title: "app", icons: { icon: "data:," } };
    export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }`,
  "app/page.js": `
    import { Answer } from "./answer.js";
    export const dynamic = "force-dynamic";
    export default function Page() { return <main><h1>An answer</h1><Answer url={process.env.UPSTREAM} /></main>; }`,
  "app/answer.js": `
    "use client";
    import { useState } from "react";
    import { confidences } from "finece";
    import { Confidence, useConfidence } from "finece/react";
    export function Answer({ url }) {
      const [source] = useState(() => (signal) => fetch(url, { signal }));
      const { status, text, positions } = useConfidence(source);
      const score = async () => {
        const events = [];
        for await (const event of confidences(await fetch(url))) events.push(event);
        globalThis.scored = JSON.stringify(events);
      };
      return <article data-status={status}>
        <p>{text}</p><Confidence position={positions.at(-1)} /><button onClick={score}>score</button>
      </article>;
    }`,
  "app/scored/route.js": `
    import { confidences } from "finece";
    export const dynamic = "force-dynamic";
    export async function GET() {
      const events = [];
      for await (const event of confidences(await fetch(process.env.UPSTREAM))) events.push(event);
      return Response.json(events);
    }`,
};

const next = join(root, "node_modules/next/dist/bin/next");
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" as const };

test("an app that Next builds with the packed package, rendered on the server", { skip }, async (t) => {
  const parent = join(root, "test-build");
  mkdirSync(parent, { recursive: true });
  const folder = app(t, parent, files);
  const built = await promisify(execFile)(process.execPath, [next, "build"], { cwd: folder, env });
  assert.doesNotMatch(built.stdout + built.stderr, /warn|error/i);

  const upstream = await serve(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "access-control-allow-origin": "*" }).end(demo);
  });
  const url = await started(t, folder, [next, "start", "--hostname", "127.0.0.1", "--port", "0"], { ...env, UPSTREAM: upstream });
  const want = apart(await expected());

  const html = await (await fetch(url)).text();
  assert.match(html, /<article data-status="idle"><p><\/p><confidence-badge state="pending">/);
  assert.deepEqual(apart(await (await fetch(`${url}/scored`)).json() as StreamEvent[]), want, "scored on the server");

  const view = await open(t, "about:blank");
  const said: string[] = [];
  const fetched: string[] = [];
  view.on("console", (message) => { said.push(message.text()); });
  view.on("request", (request) => { fetched.push(request.url()); });
  await view.goto(url);
  await until("the stream to be read", () => view.locator("article[data-status=done]").count().then((n) => n === 1));
  assert.match(await view.locator("article p").textContent() ?? "", /baker/);
  await view.getByRole("button", { name: "score" }).click();
  assert.deepEqual(apart(await scored(view)), want);
  assert.equal(fetched.filter((path) => path.endsWith(".wasm")).length, 1, "the core was a file of its own, loaded once");
  assert.deepEqual(said, [], "nothing to complain of, such as another page on the server");
  assert.equal(await view.locator("confidence-badge[state=final]").count(), 1);
});
