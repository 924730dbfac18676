import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { app, assertScores, scoringPage } from "../packed-support.js";
import { examples } from "./installed.js";

const of = createRequire(join(examples, "package.json"));
const page = (t: TestContext, more: Record<string, string> = {}): string => app(t, examples, { ...scoringPage, ...more });

/** Runs a script in an app's folder. It fails where the script does, or complains. */
async function run(folder: string, script: string, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: folder });
  assert.doesNotMatch(stdout + stderr, /\b(warning|error)\b/i);
}

test("Rollup, with the core's file copied", async (t) => {
  const folder = page(t, {
    "build.mjs": `
      import resolve from "@rollup/plugin-node-resolve";
      import { rollup } from "rollup";
      const bundle = await rollup({ input: "main.js", plugins: [resolve()], onwarn(warning) { throw new Error(warning.message); } });
      await bundle.write({ dir: "dist", format: "es", chunkFileNames: "[name]-[hash].js" });`,
  });
  await run(folder, "build.mjs");
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  copyFileSync(join(folder, "node_modules/finece/dist/finece.wasm"), join(folder, "dist/finece.wasm"));
  await assertScores(t, join(folder, "dist"));
});

test("webpack, with nothing set", async (t) => {
  const folder = page(t, {
    "build.mjs": `
      import { resolve } from "node:path";
      import webpack from "webpack";
      const compiler = webpack({ mode: "production", entry: "./main.js", context: resolve("."), output: { path: resolve("dist") }, performance: { hints: false } });
      compiler.run((error, stats) => {
        if (error ?? stats.hasErrors() ?? stats.hasWarnings()) { throw error ?? new Error(stats.toString()); }
        compiler.close(() => {});
      });`,
  });
  await run(folder, "build.mjs");
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  await assertScores(t, join(folder, "dist"));
});

test("Parcel, which has to be told that packages have exports", async (t) => {
  const folder = page(t, { "package.json": `{"private":true,"@parcel/resolver-default":{"packageExports":true}}`, "yarn.lock": "" }); // a lock file is how Parcel knows a project
  await run(folder, of.resolve("parcel/lib/bin.js"), "build", "index.html", "--no-cache", "--public-url", "/");
  await assertScores(t, join(folder, "dist"));
});
