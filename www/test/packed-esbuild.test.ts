import { tmpdir } from "node:os";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { skip } from "./badge-support.js";
import { app, assertScores, scoringPage } from "./packed-support.js";

test("an app that esbuild builds with the packed package", { skip }, async (t) => {
  const folder = app(t, tmpdir(), scoringPage);
  await build({ absWorkingDir: folder, entryPoints: ["main.js"], bundle: true, splitting: true, format: "esm", target: "es2022", outdir: "dist" });
  // As the README says.
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  copyFileSync(join(folder, "node_modules/finece/dist/finece.wasm"), join(folder, "dist/finece.wasm"));
  await assertScores(t, join(folder, "dist"));
});
