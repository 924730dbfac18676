import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { demo, serve } from "./support.js";

// The example of the package in the README and in the documentation runs as it stands: its
// key and its server come from the environment, as openai-node reads them.
for (const page of ["../../README.md", "../docs/start/frontend.md"]) test(`the example in ${page} prints text and confidences`, async (t) => {
  const readme = readFileSync(new URL(page, import.meta.url), "utf8");
  const [, example] = /<!-- run by www\/test\/readme\.test\.ts -->\n```ts\n(.*?)```/s.exec(readme) ?? [];
  assert.ok(example !== undefined, "the page has the example");
  const file = new URL("readme-example.mjs", import.meta.url); // in the package, so that it finds finece and openai
  writeFileSync(file, example);
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).end(demo);
  });
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(file)], {
    env: { ...process.env, OPENAI_API_KEY: "none", OPENAI_BASE_URL: `${url}/v1` },
  });
  assert.match(stdout, /^0 unavailable null$/m);
  assert.match(stdout, /^1 provisional 0\.\d+$/m);
  assert.match(stdout, /^\d+ final 0\.\d+$/m);
  assert.match(stdout, /loaves/);
});
