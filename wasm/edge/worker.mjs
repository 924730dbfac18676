// The Worker's entry, in place of the one that workers-assets-gen writes: it
// hands Go the core, the request's signal, and what it can fail with.
import "./build/wasm_exec.js";
import { createRuntimeContext, loadModule } from "./build/runtime.mjs";
import { open } from "./core.mjs";

// wasm_exec.js and the library call it.
globalThis.tryCatch = (fn) => {
  try {
    return { result: fn() };
  } catch (error) {
    return { error };
  }
};

const FAILED = `{"error":{"message":"the gateway failed","type":"finece_error","param":null,"code":"finece_internal"}}\n`;

export default {
  async fetch(request, env, ctx) {
    try {
      const go = new Go();
      const binding = {};
      const context = createRuntimeContext({ env, ctx, binding });
      context.finece = { open, signal: request.signal, fetch: async (url, init) => fetch(url, init) };
      await new Promise((resolve, reject) => {
        loadModule()
          .then((module) => new WebAssembly.Instance(module, { ...go.importObject, workers: { ready: resolve } }))
          .then((instance) => go.run(instance, context))
          .then(() => reject(new Error("Go has exited")), reject);
      });
      return await binding.handleRequest(request);
    } catch (error) {
      console.error("finece:", error);
      return new Response(FAILED, { status: 500, headers: { "Content-Type": "application/json" } });
    }
  },
};
