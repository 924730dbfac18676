import { CoreLoadError, messageOf } from "./errors.js";

/** Reads a file of this machine, where there are files: in Node, Bun and Deno. */
export async function readLocal(address: string): Promise<ArrayBufferView<ArrayBuffer>> {
  // Out of sight of bundlers, which would warn of it in builds for browsers.
  const files = "node:fs/promises";
  try {
    const { readFile } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ files)) as {
      readFile: (path: URL) => Promise<Uint8Array<ArrayBuffer>>;
    };
    return await readFile(new URL(address));
  } catch (cause) {
    throw new CoreLoadError(`cannot read ${address}: ${messageOf(cause)}`, { url: address }, cause);
  }
}
