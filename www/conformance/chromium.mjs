// node chromium.mjs finece.wasm corpus.json: in a page that Chromium loads from
// a server here.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const [wasm, corpus] = process.argv.slice(2);
const files = {
  "/": ["text/html", "<!doctype html><title>conformance</title>"],
  "/play.mjs": ["text/javascript", await readFile(new URL("./play.mjs", import.meta.url))],
  "/finece.wasm": ["application/wasm", await readFile(wasm)],
  "/corpus.json": ["application/json", await readFile(corpus)],
};
const server = createServer((request, response) => {
  const [type, body] = files[request.url] ?? [];
  response.writeHead(type ? 200 : 404, { "content-type": type ?? "text/plain" }).end(body);
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const result = await page.evaluate(async () => {
    const { play } = await import("/play.mjs");
    const bytes = await (await fetch("/finece.wasm")).arrayBuffer();
    return play(await WebAssembly.compile(bytes), bytes, await (await fetch("/corpus.json")).json());
  });
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
  server.close();
}
