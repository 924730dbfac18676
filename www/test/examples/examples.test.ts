import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { open } from "../badge-support.js";
import { assertAnswers, copied, fineceServe } from "../example-support.js";
import { started } from "../packed-support.js";
import { examples } from "./installed.js";

const run = promisify(execFile);
const script = (path: string): string => join(examples, "node_modules", path);
const vite = script("vite/bin/vite.js"), next = script("next/dist/bin/next");
const ANY_PORT = ["--host", "127.0.0.1", "--port", "0"];

for (const name of ["vite-react", "vue", "svelte", "assistant-ui"]) {
  test(`${name}, built`, async (t) => {
    const FINECE = await fineceServe(t);
    const folder = copied(t, name, examples);
    await run(process.execPath, [vite, "build"], { cwd: folder });
    await assertAnswers(await open(t, await started(t, folder, [vite, "preview", ...ANY_PORT], { FINECE })));
  });
}

for (const name of ["vue", "svelte", "assistant-ui"]) {
  test(`${name}, in the development server`, async (t) => {
    const FINECE = await fineceServe(t);
    await assertAnswers(await open(t, await started(t, copied(t, name, examples), [vite, ...ANY_PORT], { FINECE })));
  });
}

test("Next with useChat and AI Elements", async (t) => {
  const env = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production", FINECE: await fineceServe(t) } as const;
  const folder = copied(t, "next", examples);
  const { stdout, stderr } = await run(process.execPath, [next, "build"], { cwd: folder, env: { ...process.env, ...env } });
  assert.doesNotMatch(stdout + stderr, /\b(warning|error)\b/i);
  await assertAnswers(await open(t, await started(t, folder, [next, "start", "--hostname", "127.0.0.1", "--port", "0"], env)));
});

test("LangChain", async (t) => {
  const FINECE = await fineceServe(t);
  const { stdout } = await run(process.execPath, ["chat.mjs"], { cwd: copied(t, "langchain", examples), env: { ...process.env, FINECE } });
  assert.match(stdout, /\d[\s\S]*\n\nConfidence: (low|medium|high|[<>]?\d+%)\n$/);
});
