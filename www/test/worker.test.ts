import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { build } from "esbuild";
import { confidences, type StreamEvent } from "finece";
import workerd from "workerd";
import { apart, demo, latest, serve, wasm } from "./support.js";

const www = new URL("..", import.meta.url).pathname;

/** Bundles as Workers' tools do: the wasm file stays a module of its own. */
async function bundle(contents: string, conditions: string[]): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: www }, bundle: true, format: "esm", conditions, write: false, logLevel: "silent",
    plugins: [{
      name: "wasm",
      setup(bundler) { bundler.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./finece.wasm", external: true })); },
    }],
  });
  return outputFiles[0]?.text ?? "";
}

/** Runs a worker in workerd, the runtime of Cloudflare Workers, and returns its address. */
async function run(t: TestContext, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "finece-worker-"));
  await writeFile(join(folder, "worker.js"), script);
  await writeFile(join(folder, "finece.wasm"), wasm);
  await writeFile(join(folder, "config.capnp"), `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (
          modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "finece.wasm", wasm = embed "finece.wasm")],
          compatibilityDate = "2026-04-01",
          globalOutbound = "local",
        )),
        (name = "local", network = (allow = ["private", "local"])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );`);
  const child = spawn(workerd.default, ["serve", "--control-fd=3", "config.capnp"], { cwd: folder, stdio: ["ignore", "inherit", "inherit", "pipe"] });
  t.after(async () => {
    child.kill();
    await rm(folder, { recursive: true });
  });
  const control = child.stdio[3];
  assert.ok(control !== null && control !== undefined);
  for await (const line of createInterface({ input: control as NodeJS.ReadableStream })) {
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === "listen" && port !== undefined) {
      return `http://127.0.0.1:${String(port)}`;
    }
  }
  return assert.fail("workerd does not listen");
}

const worker = (upstream: string): string => `
  import { confidenceFetch, ConfidenceStream, confidences } from "finece";
  import { loadCore } from "finece/worker";
  import { evaluate } from "finece/metrics";
  let scored;
  const fetchScored = confidenceFetch((input, init) => fetch(input, init), {
    onResponse: (info) => { scored = { events: [], done: info.done }; },
    onEvent: (event) => { scored.events.push(event); },
  });
  export default {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/stream") return fetchScored("${upstream}");
      if (pathname === "/cancel") {
        const { body } = await fetchScored("${upstream}/endless");
        const reader = body.getReader();
        await reader.read();
        await reader.cancel();
        await scored.done;
        return new Response("cancelled");
      }
      if (pathname === "/broken") {
        const { body } = await fetchScored("${upstream}/broken");
        const failure = await new Response(body).text().then(() => "none", () => "failed");
        await scored.done;
        return new Response(failure);
      }
      if (pathname === "/events") { await scored.done; return Response.json(scored.events); }
      if (pathname === "/iterate") {
        const events = [];
        for await (const event of confidences(await fetch("${upstream}"))) events.push(event);
        return Response.json(events);
      }
      const { ece, auroc } = evaluate(await loadCore(), [0.1, 0.9, 0.8], [0, 1, 0]);
      return Response.json({ ece, auroc });
    },
  };`;

for (const conditions of [["workerd", "worker", "browser"], ["worker"]]) {
  // Without the condition, finece/worker is still to be had by its name.
  const named = conditions.includes("workerd") ? (s: string) => s : (s: string) => s.replace('from "finece"', 'from "finece/worker"');
  test(`in workerd, bundled with the conditions ${conditions.join(", ")}`, async (t) => {
    let left!: () => void;
    const closed = new Promise<void>((resolve) => { left = resolve; });
    const upstream = (await serve(t, ({ url }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (url === "/endless") {
        response.on("close", left).write(demo.subarray(0, 5000));
      } else if (url === "/broken") {
        response.write(demo.subarray(0, 5000), () => { response.destroy(); });
      } else {
        response.end(demo);
      }
    })).replace(/\/$/, "");
    const base = await run(t, await bundle(named(worker(upstream)), conditions));
    const want: StreamEvent[] = [];
    for await (const event of confidences(new Response(demo))) {
      want.push(event);
    }
    assert.ok(latest(want).length > 8);
    const response = await fetch(`${base}/stream`);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), demo);
    assert.deepEqual(await (await fetch(`${base}/events`)).json(), want.filter(({ type }) => type !== "text"));
    const iterated = (await (await fetch(`${base}/iterate`)).json()) as StreamEvent[];
    assert.deepEqual(apart(iterated), apart(want));
    const { ece, auroc } = (await (await fetch(`${base}/metrics`)).json()) as { ece: number; auroc: number };
    assert.ok(Math.abs(ece - 1 / 3) < 1e-12 && auroc === 1);
    assert.equal(await (await fetch(`${base}/cancel`)).text(), "cancelled");
    await closed;
    assert.equal(await (await fetch(`${base}/broken`)).text(), "failed");
  });
}
