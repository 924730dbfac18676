// node node.mjs finece.wasm corpus.json
import { readFile } from "node:fs/promises";
import { play } from "./play.mjs";

const [wasm, corpus] = process.argv.slice(2);
const bytes = await readFile(wasm);
const result = await play(new WebAssembly.Module(bytes), bytes, JSON.parse(await readFile(corpus, "utf8")));
console.log(JSON.stringify(result));
