import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "vite";
import { skip } from "./badge-support.js";
import { app, assertScores, scoringPage } from "./packed-support.js";

test("an app that Vite builds with the packed package", { skip }, async (t) => {
  const folder = app(t, tmpdir(), scoringPage);
  const warnings: string[] = [];
  await build({
    root: folder, configFile: false, logLevel: "warn", build: { target: "es2022" },
    customLogger: {
      hasWarned: false, info: () => undefined, clearScreen: () => undefined, hasErrorLogged: () => false,
      warn: (text) => warnings.push(text), warnOnce: (text) => warnings.push(text), error: (text) => warnings.push(text),
    },
  });
  assert.deepEqual(warnings, []);
  await assertScores(t, join(folder, "dist"));
});
