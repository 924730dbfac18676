// Keeps the instances of the Go program for the requests of an isolate. An instance serves
// one request at a time, because the runtime forbids a request to use the objects of
// another one. After an answer, the instance waits for the next request.
import { env } from "cloudflare:workers";
import "./build/wasm_exec.js";
import { createRuntimeContext, loadModule } from "./build/runtime.mjs";
import { open } from "./core.mjs";
import { answer, reader, wait } from "./io.mjs";

/** How many instances are kept for later requests, and the most memory of a kept one. */
const KEPT = 4;
const KEPT_BYTES = 24 << 20;

const idle = [];

/** For tests: how many instances were started and dropped so far. */
export const counts = { started: 0, dropped: 0 };

// wasm_exec.js and the library call this function.
globalThis.tryCatch = (fn) => {
  try {
    return { result: fn() };
  } catch (error) {
    return { error };
  }
};

const module = await loadModule();

/** Whether this module is still being evaluated. The runtime has no randomness and no clock then. */
let loading = true;

async function start() {
  const go = new Go();
  const binding = {};
  const context = createRuntimeContext({ env, ctx: undefined, binding });
  context.finece = { open, reader, wait, loading, fetch: async (url, init) => fetch(url, init) };
  counts.started++;
  const program = { go, context };
  await new Promise((resolve, reject) => {
    const instance = new WebAssembly.Instance(module, { ...imports(go), workers: { ready: resolve } });
    program.memory = instance.exports.mem;
    go.run(instance, context).then(() => reject(new Error("Go has exited")), reject);
  });
  program.handle = binding.handleRequest;
  return program;
}

/**
 * Go's imports, changed so that Go can start while the module loads. Go seeds the
 * hashes of its maps with this randomness. It makes no keys before the first request.
 */
function imports(go) {
  const { gojs } = go.importObject;
  return {
    ...go.importObject,
    gojs: {
      ...gojs,
      "runtime.getRandomData"(sp) {
        if (!loading) return gojs["runtime.getRandomData"](sp);
        const [at, length] = [go.mem.getUint32(sp + 8, true), go.mem.getUint32(sp + 16, true)];
        for (let i = at; i < at + length; i++) go.mem.setUint8(i, Math.random() * 256);
      },
      "runtime.nanotime1"(sp) {
        gojs["runtime.nanotime1"](sp);
        if (go.mem.getBigInt64(sp + 8, true) === 0n) go.mem.setBigInt64(sp + 8, 1n, true); // Go refuses to start at time 0
      },
    },
  };
}

// Starts an instance now, so that the first request does not have to wait for that. Go also
// answers a made-up request, see rehearse in rehearsal.go.
try {
  idle.push(await start());
} catch (error) {
  console.error("finece: not started in advance:", error);
}
loading = false;

function release(program) {
  if (!program.go.exited && idle.length < KEPT && program.memory.buffer.byteLength <= KEPT_BYTES) {
    idle.push(program);
  } else {
    counts.dropped++;
  }
}

/** Answers a request. */
export async function serve(request, ctx) {
  const program = idle.pop() ?? await start();
  const { go, context } = program;
  // The runtime dropped the timers of the previous request, but Go still waits for them.
  // _resume makes Go check its timers again.
  if (go._scheduledTimeouts.size > 0) go._resume();
  context.ctx = ctx;
  context.request = { signal: request.signal, answer: answer(() => release(program)) };
  return program.handle(request);
}
