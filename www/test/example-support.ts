import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { skip } from "./badge-support.js";
import { addressOf, install, root } from "./packed-support.js";
import { HUNG, until } from "./support.js";

const go = process.env["PATH"]?.split(":").some((folder) => existsSync(join(folder, "go"))) === true;

/** Why examples cannot be tried, `false` if they can. */
export const unable = skip === false && !go ? "no go to build finece with" : skip;

/** Starts `finece serve` with the built-in models, and returns its address. */
export async function fineceServe(t: TestContext, ...flags: string[]): Promise<string> {
  const command = join(root, "test-build", "finece");
  execFileSync("go", ["build", "-o", command, "./host/cmd/finece"], { cwd: join(root, "..") });
  const server = spawn(command, ["serve", "--listen", "127.0.0.1:0", "--settle", `${String(HUNG)}ms`, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  t.after(async () => {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) {
      await once(server, "exit");
    }
  });
  return await addressOf(server, server.stderr);
}

/** The folder of an example in the repository. */
export function example(name: string): string {
  return fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
}

/** A copy of an example in a new folder below `parent`, where its packages are found, with the packed package installed. */
export function copied(t: TestContext, name: string, parent: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "finece-app-"));
  t.after(() => { rmSync(folder, { recursive: true }); });
  cpSync(example(name), folder, { recursive: true });
  install(folder);
  return folder;
}

const QUESTION = "A baker sells 4 loaves on Monday and 3 on Tuesday. How many loaves does he sell in all?";

/** Asks the example's question, and fails unless an answer and its confidence are shown, once each. */
export async function assertAnswers(page: Page): Promise<void> {
  const ask = page.getByRole("button", { name: "Ask" });
  await ask.waitFor();
  const composer = page.getByPlaceholder("A problem");
  if (await composer.count() > 0) { // the others have a question in their form
    await composer.fill(QUESTION);
  }
  await ask.click();
  const chip = page.locator("finece-chip");
  const settled = async (): Promise<boolean> => await chip.count() === 1 && ["final", "unavailable"].includes(await chip.getAttribute("state") ?? "");
  await until("the confidence is settled", settled);
  assert.match(await chip.locator(".said").innerText(), /^(Check this|(Medium|High) certainty|About \d+ in 10 answers like this are right)/);
  const text = (await page.locator("body").innerText()).replace(QUESTION, "");
  assert.match(text, /\d/, "an answer to a problem of arithmetic");
}
