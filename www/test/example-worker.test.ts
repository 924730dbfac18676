import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { type StreamEvent, confidences, readEnvelope } from "finece";
import { copied, example } from "./example-support.js";
import { root } from "./packed-support.js";
import { cut, demo, serve, wasm } from "./support.js";

test("the example has at most 40 lines", () => {
  assert.ok(readFileSync(example("worker/worker.ts"), "utf8").trimEnd().split("\n").length <= 40);
});

test("the example annotates a stream in workerd, and passes all else", async (t) => {
  let key: string | undefined;
  const upstream = await serve(t, (request, response) => {
    key = request.headers.authorization;
    const { pathname, searchParams } = new URL(request.url ?? "", "http://upstream");
    if (pathname === "/v1/chat/completions") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const chunk of cut(demo.subarray(0, demo.length - Number(searchParams.get("without"))), 3000)) {
        response.write(chunk);
      }
      response.end();
    } else {
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":{"message":"no such model"}}');
    }
  });
  const { outputFiles } = await build({
    entryPoints: [join(copied(t, "worker", join(root, "test-build")), "worker.ts")], bundle: true, format: "esm", write: false, conditions: ["workerd"], external: ["*.wasm"],
  });
  const worker = new Miniflare({
    compatibilityDate: "2026-04-30",
    bindings: { UPSTREAM: upstream.replace(/\/$/, ""), UPSTREAM_KEY: "sk-test" },
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: outputFiles[0]?.text ?? "" },
      { type: "CompiledWasm", path: "finece.wasm", contents: wasm },
    ],
  });
  t.after(() => worker.dispose());

  const answer = await worker.dispatchFetch("http://worker/v1/chat/completions", { method: "POST", body: "{}" });
  const lines = (await answer.text()).split("\n");
  const comments = lines.filter((line) => line.startsWith(": finece "));
  assert.equal(lines.filter((line) => !line.startsWith(": finece ")).join("\n"), new TextDecoder().decode(demo));
  const want: StreamEvent[] = [];
  for await (const event of confidences(new Response(demo), { text: false })) {
    want.push(event);
  }
  const got = comments.flatMap((line) => readEnvelope(line)?.events ?? []);
  assert.deepEqual(got, want);
  assert.equal(key, "Bearer sk-test");

  // Broken off within a line, and without the last line's end.
  for (const without of [700, 2]) {
    const broken = await worker.dispatchFetch(`http://worker/v1/chat/completions?without=${String(without)}`, { method: "POST", body: "{}" });
    assert.equal((await broken.text()).replace(/^: finece .*\n/gm, ""), new TextDecoder().decode(demo.subarray(0, -without)));
  }

  const other = await worker.dispatchFetch("http://worker/v1/models/none");
  assert.equal(other.status, 404);
  assert.equal(await other.text(), '{"error":{"message":"no such model"}}');
});
