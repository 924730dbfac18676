import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("no part of the package is larger than it may be", async (t) => {
  const script = fileURLToPath(new URL("../scripts/size.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]); // it fails over a limit
  t.diagnostic(stdout.trim().replaceAll("\n", "; "));
  assert.equal(stdout.match(/limit/g)?.length, 6);
});
