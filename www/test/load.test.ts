import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { ABI_VERSION, CoreLoadError, FineceError, loadCore } from "finece";
import { Core } from "finece/core";
import { demo, lookalike, serve, wasm } from "./support.js";

function works(core: Core): void {
  const session = core.open();
  assert.ok(session.write(demo).some((event) => event.type === "confidence" && event.state === "provisional"));
  session.close();
}

const fails = (says: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof CoreLoadError && error.code === "core-load", String(error));
  assert.match(error.message, says);
  return true;
};

test("the file beside the JavaScript, once", async () => {
  const core = loadCore();
  assert.equal(loadCore(), core);
  works(await core);
});

test("bytes, a buffer and a compiled module", async () => {
  const module = await WebAssembly.compile(wasm);
  for (const source of [wasm, wasm.slice().buffer, module]) {
    assert.equal(loadCore(source), loadCore(source), "each source once");
    works(await loadCore(source));
  }
  works(Core.create(module));
  assert.equal((await loadCore(module)).module, module);
});

test("an address, whatever type it is served as", async (t) => {
  let requests = 0;
  const base = await serve(t, (request, response) => {
    requests++;
    const type = decodeURIComponent(new URL(request.url ?? "", "http://x").search.slice(1));
    response.writeHead(200, type === "" ? {} : { "content-type": type }).end(wasm);
  });
  for (const type of ["application/wasm", "application/wasm; charset=utf-8", "application/octet-stream", "text/plain", ""]) {
    works(await loadCore(new URL(`/finece.wasm?${encodeURIComponent(type)}`, base)));
  }
  await loadCore(`${base}/finece.wasm?`);
  assert.equal(requests, 5, "the last one was loaded before");
});

test("what cannot be loaded says why, and the next call tries again", async (t) => {
  let broken: ((response: ServerResponse) => void) | undefined = (response) => {
    response.writeHead(404).end();
  };
  const base = await serve(t, (_, response) => {
    if (broken === undefined) {
      response.writeHead(200, { "content-type": "application/wasm" }).end(wasm);
    } else {
      broken(response);
    }
  });
  const url = `${base}/finece.wasm`;
  await assert.rejects(loadCore(url), fails(/HTTP 404 for .*finece\.wasm/));
  broken = (response) => { response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>"); };
  await assert.rejects(loadCore(url), fails(/served as text\/html, does not compile/));
  broken = (response) => { response.writeHead(200, { "content-type": "application/wasm" }).end(wasm.subarray(0, 5000)); };
  await assert.rejects(loadCore(url), fails(/does not compile/));
  broken = (response) => { response.destroy(); };
  await assert.rejects(loadCore(url), fails(/cannot fetch/));
  broken = undefined;
  works(await loadCore(url));
  await assert.rejects(loadCore(new URL("./none.wasm", import.meta.url)), fails(/cannot read .*none\.wasm/));
});

test("another program, or another version of this one", async () => {
  for (const [module, says] of [
    [lookalike(1), new RegExp(`ABI version 1, this package ${String(ABI_VERSION)}`)],
    [lookalike(ABI_VERSION, { without: "finece_fuse" }), /exports no finece_fuse/],
    [lookalike(ABI_VERSION, { parameters: { finece_resolve: 1 } }), /finece_resolve has another signature/],
    [lookalike(ABI_VERSION, { imports: true }), /imports env\.now/],
    [new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), /exports no _initialize/],
    [new Uint8Array([1, 2, 3]), /no WebAssembly module/],
  ] as const) {
    await assert.rejects(loadCore(module), fails(says));
  }
  await loadCore(lookalike(ABI_VERSION)); // or the above would fail for another reason
});

test("a wrong setting is an error of its own, and the core goes on", async () => {
  const core = await loadCore();
  for (const [config, says] of [
    [{ depth: 65 }, /depth/], [{ format: "morse" as "text" }, /morse/], [{ alpha: 2 }, /Alpha/],
    [{ model: { topLogprobs: 0.5 } }, /top_logprobs/], [{ colour: "red" } as object, /colour/],
  ] as const) {
    assert.throws(() => core.open(config), (error) =>
      error instanceof FineceError && error.code === "config" && says.test(error.message));
  }
  works(core);
});

test("calls out of order are errors that change nothing", async () => {
  const session = (await loadCore()).open({ format: "text", question: "?", estimator: "model" });
  const code = (want: string) => (error: unknown): boolean => error instanceof FineceError && error.code === want;
  assert.throws(() => session.request(99), code("unknown-ask"));
  assert.throws(() => session.resolve(99, new Uint8Array()), code("unknown-ask"));
  session.end();
  assert.throws(() => session.write(demo), code("order"));
  assert.throws(() => session.end(), code("order"));
  assert.ok(session.resolve(0, new Uint8Array(17 << 20)).some((event) => event.type === "fault"), "a reply longer than a call takes");
  session.close();
  session.close();
  assert.throws(() => session.fail(0, "timeout"), code("order"));
});
