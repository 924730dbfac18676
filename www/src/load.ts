import type { Core } from "./core.js";
import { CoreLoadError, messageOf } from "./errors.js";

/**
 * Where a core comes from: the address of finece.wasm, its bytes, or the compiled module. Use the
 * compiled module if a strict Content-Security-Policy forbids compiling in this page.
 */
export type CoreSource = URL | string | WebAssembly.Module | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

const byAddress = new Map<string, Promise<Core>>();
const byObject = new WeakMap<object, Promise<Core>>();

/**
 * Loads the scoring core. By default this is the package's finece.wasm beside its JavaScript:
 * bundlers find this file, and browsers compile it while it arrives. Each source is loaded once;
 * after a failure the next call tries again.
 *
 * Rejects with a {@link CoreLoadError} that says where and why.
 */
export function loadCore(source: CoreSource = new URL("./finece.wasm", import.meta.url)): Promise<Core> {
  return typeof source === "string" || source instanceof URL
    ? once(byAddress, String(source), () => compileFrom(String(source)))
    : once(byObject, source, () => (source instanceof WebAssembly.Module ? source : compile(source, "the bytes given")));
}

function once<K>(
  memo: { get(key: K): Promise<Core> | undefined; set(key: K, core: Promise<Core>): unknown; delete(key: K): unknown },
  key: K,
  module: () => WebAssembly.Module | Promise<WebAssembly.Module>,
): Promise<Core> {
  let core = memo.get(key);
  if (core === undefined) {
    core = created(module());
    memo.set(key, core);
    core.catch(() => { memo.delete(key); });
  }
  return core;
}

/** The code that runs a core is in a separate file, so a page that only reads a server's records does not load it. */
async function created(module: WebAssembly.Module | Promise<WebAssembly.Module>): Promise<Core> {
  const [{ Core }, compiled] = await Promise.all([import("./core.js"), module]);
  return Core.create(compiled);
}

async function compileFrom(address: string): Promise<WebAssembly.Module> {
  if (address.startsWith("file:")) {
    return compile(await (await import("./local.js")).readLocal(address), address); // browsers never need it
  }
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    throw new CoreLoadError(`cannot fetch ${address}: ${messageOf(cause)}`, { url: address }, cause);
  }
  const { status } = response;
  if (!response.ok) {
    throw new CoreLoadError(`HTTP ${String(status)} for ${address}: is finece.wasm there?`, { url: address, status });
  }
  const type = response.headers.get("content-type") ?? "no type";
  try {
    // Streaming refuses every other type, parameters included.
    return await (type.trim().toLowerCase() === "application/wasm"
      ? WebAssembly.compileStreaming(response)
      : WebAssembly.compile(await response.arrayBuffer()));
  } catch (cause) {
    throw new CoreLoadError(`${address}, served as ${type}, does not compile: ${messageOf(cause)}`, { url: address, type }, cause);
  }
}

async function compile(bytes: ArrayBuffer | ArrayBufferView<ArrayBuffer>, from: string): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new CoreLoadError(`${from}: no WebAssembly module: ${messageOf(cause)}`, { url: from }, cause);
  }
}
