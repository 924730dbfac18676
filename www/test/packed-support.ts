import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { confidences, type StreamEvent } from "finece";
import { open } from "./badge-support.js";
import { apart, demo, serve, until } from "./support.js";

/** The package's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** An app of these files in a new folder below `parent`, with the packed package installed. */
export function app(t: TestContext, parent: string, files: Record<string, string>): string {
  const folder = mkdtempSync(join(parent, "finece-app-"));
  t.after(() => { rmSync(folder, { recursive: true }); });
  install(folder);
  for (const [name, text] of Object.entries({ "package.json": `{"private":true,"type":"module"}`, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Installs the packed package in a folder. */
export function install(folder: string): void {
  const installed = join(folder, "node_modules", "finece");
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  // --ignore-scripts: what is packed was built before the tests.
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", installed], {
    cwd: root, encoding: "utf8",
  }).trim();
  execFileSync("tar", ["-xzf", packed, "--strip-components=1"], { cwd: installed });
}

/** Starts a server by a command of Node, and returns the address that it prints. It is ended with the test. */
export async function started(t: TestContext, folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  // NO_COLOR: else Vite writes codes for colours into the address where CI is set.
  const server = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) {
      await once(server, "exit");
    }
  });
  return await addressOf(server, server.stdout);
}

/** The address that a server prints once it listens. */
export async function addressOf(server: ChildProcess, output: Readable): Promise<string> {
  let said = "", address: string | undefined;
  output.on("data", (data: Buffer) => { said += data.toString(); });
  await until("the server says where it listens", () => {
    address = /http:\/\/(127\.0\.0\.1|localhost):\d+/.exec(said)?.[0];
    assert.equal(server.exitCode, null, said);
    return address !== undefined;
  });
  return address ?? "";
}

/** A page for a bundler to build: it scores the demo stream. */
export const scoringPage = {
  "index.html": `<!doctype html><title>app</title><body><script type="module" src="./main.js"></script>`,
  "main.js": `
    import { confidences } from "finece";
    import { ConfidenceBadge } from "finece/badge";
    const score = async () => {
      ConfidenceBadge.define();
      const events = [];
      for await (const event of confidences(await fetch("/demo.sse"))) events.push(event);
      globalThis.scored = JSON.stringify(events);
      document.body.append(document.createElement("confidence-badge"));
    };
    void score();`,
};

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Opens the built {@link scoringPage}, and fails unless it loads the core as a file of its own and scores the stream as is expected. */
export async function assertScores(t: TestContext, folder: string): Promise<void> {
  const fetched: string[] = [];
  const url = await serve(t, (request, response) => {
    const path = request.url === "/" ? "/index.html" : (request.url ?? "");
    fetched.push(path);
    if (path === "/demo.sse") {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(demo);
      return;
    }
    try {
      const file = readFileSync(join(folder, path));
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  const view = await open(t, url);
  assert.deepEqual(apart(await scored(view)), apart(await expected()));
  assert.ok(fetched.some((path) => path.endsWith(".wasm")), "the core was a file of its own");
  assert.equal(await view.locator("confidence-badge").count(), 1);
}

/** What a page has scored, once it has. */
export async function scored(page: Page): Promise<StreamEvent[]> {
  const read = (): Promise<string | undefined> => page.evaluate(() => (globalThis as { scored?: string }).scored);
  await until("the stream is scored", async () => await read() !== undefined);
  return JSON.parse(await read() ?? "") as StreamEvent[];
}

/** The events of the demo stream, as they come here. */
export async function expected(): Promise<StreamEvent[]> {
  const events = [];
  for await (const event of confidences(new Response(demo))) {
    events.push(event);
  }
  return events;
}
