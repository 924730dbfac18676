import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type BrowserContextOptions, type Page } from "playwright-core";
import { RecordBuilder, loadCore, type SessionConfig } from "finece";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";
import { engine } from "./browser-support.js";
import { HUNG, patient, serve, wasm } from "./support.js";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Why browser tests are skipped, `false` if they are not. */
export const { skip } = engine;

/** Opens a page that fails the test on any error of its own. */
export async function open(t: TestContext, url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await (await engine.launch()).newContext({ viewport: { width: 900, height: 700 }, locale: "en-US", ...options });
  await context.addInitScript(patient);
  const page = await context.newPage();
  page.setDefaultTimeout(HUNG);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => {
    if (!message.startsWith("The page’s settings blocked")) { // Firefox reports what a page's policy forbids
      errors.push(message);
    }
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  await page.goto(url);
  return page;
}

/** What a page's request for finece.wasm gets: the core, a refusal, no answer at all, or other bytes. */
export type CoreFile = "there" | "missing" | "silent" | Uint8Array;

interface ModuleOptions extends BrowserContextOptions {
  core?: CoreFile;
  /** The page's Content-Security-Policy. */
  csp?: string;
}

const bundles = new Map<string, Promise<Uint8Array | undefined>>();

/** A module bundled with this package. The same contents are bundled once. */
function bundled(contents: string): Promise<Uint8Array | undefined> {
  let bundle = bundles.get(contents);
  if (bundle === undefined) {
    bundle = build({
      stdin: { contents, resolveDir: root }, bundle: true, write: false, format: "esm", target: "es2022",
      define: { "process.env.NODE_ENV": '"development"' }, // StrictMode does nothing in production
    }).then(({ outputFiles }) => outputFiles[0]?.contents);
    bundles.set(contents, bundle);
  }
  return bundle;
}

/** Serves a page that runs a module, bundled with this package, and opens it. */
export async function openModule(
  t: TestContext, contents: string, body = "", options: ModuleOptions = {},
): Promise<Page> {
  const { core = "there", csp, ...context } = options;
  const script = await bundled(contents);
  const url = await serve(t, (request, response) => {
    if (request.url === "/app.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    } else if (request.url === "/finece.wasm" && core === "silent") {
      // It is never answered.
    } else if (request.url === "/finece.wasm" && core === "missing") {
      response.writeHead(404).end();
    } else if (request.url === "/finece.wasm") {
      response.writeHead(200, { "content-type": "application/wasm" }).end(typeof core === "string" ? wasm : core);
    } else {
      response.writeHead(200, { "content-type": "text/html", ...(csp === undefined ? {} : { "content-security-policy": csp }) }).end(`<!doctype html><html lang="en"><meta charset="utf-8">
        <meta name="color-scheme" content="light dark"><title>test</title><style>main { padding: 1rem 6em 1rem 1rem }</style>
        <main>${body}</main><script type="module" src="/app.js"></script></html>`);
    }
  });
  return open(t, url, context);
}

/** The positions of a text as the core finds them, with the last of their confidences. */
export async function positionsOf(bytes: Uint8Array, config: SessionConfig): Promise<PositionConfidence[]> {
  const session = (await loadCore()).open(config);
  const log = new ConfidenceLog();
  const builder = new RecordBuilder();
  for (const events of [session.opening, session.write(bytes), session.end()]) {
    builder.take(events).forEach((record) => { log.apply(record); });
  }
  session.close();
  return log.positions();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails the test for what axe-core finds wrong with the page. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${JSON.stringify(target)} ${failureSummary}`).join("; ")}`);
  });
  assert.deepEqual(found, [], what);
}
