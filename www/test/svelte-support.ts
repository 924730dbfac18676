import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { compile } from "svelte/compiler";

/** A Svelte component, compiled, in a file of its own in this package. */
export function svelte(t: TestContext, source: string): string {
  const folder = mkdtempSync(join(fileURLToPath(new URL(".", import.meta.url)), "svelte-"));
  t.after(() => { rmSync(folder, { recursive: true }); });
  const file = join(folder, "Answer.js");
  writeFileSync(file, compile(source, { generate: "client", filename: "Answer.svelte" }).js.code);
  return file;
}
