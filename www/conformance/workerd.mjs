// node workerd.mjs finece.wasm corpus.json: in Cloudflare's runtime, by way of
// miniflare. Workers cannot compile; the module is an import.
import { readFile } from "node:fs/promises";
import { Miniflare } from "miniflare";

const [wasm, corpus] = process.argv.slice(2);
const bytes = await readFile(wasm);
const worker = new Miniflare({
  compatibilityDate: "2026-05-01",
  modules: [
    {
      type: "ESModule",
      path: "worker.mjs",
      contents: `
        import module from "./finece.wasm";
        import bytes from "./finece.bin";
        import { play } from "./play.mjs";
        export default {
          async fetch(request) {
            return Response.json(await play(module, bytes, await request.json()));
          },
        };`,
    },
    { type: "ESModule", path: "play.mjs", contents: await readFile(new URL("./play.mjs", import.meta.url), "utf8") },
    { type: "CompiledWasm", path: "finece.wasm", contents: bytes },
    { type: "Data", path: "finece.bin", contents: bytes },
  ],
});
try {
  // A request is not to be too long: as many as there are hundreds of cases.
  const cases = JSON.parse(await readFile(corpus, "utf8"));
  const result = { module: "", sums: [] };
  for (let i = 0; i < cases.length; i += 100) {
    const response = await worker.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(cases.slice(i, i + 100)) });
    if (!response.ok) {
      throw new Error(`workerd: ${response.status} ${await response.text()}`);
    }
    const { module, sums } = await response.json();
    result.module = module;
    result.sums.push(...sums);
  }
  console.log(JSON.stringify(result));
} finally {
  await worker.dispose();
}
