// A page of an own server on which a browser plays the corpus. Every browser's
// script uses it and differs only in how it drives its browser.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

// What the page runs. Its text is sent to the browser, so it refers to nothing
// outside.
const script = `
  const { play } = await import("/play.mjs");
  const bytes = await (await fetch("/finece.wasm")).arrayBuffer();
  return JSON.stringify(await play(await WebAssembly.compile(bytes), bytes, await (await fetch("/corpus.json")).json()));`;

/**
 * Serves the page, and prints what `drive(url, script)` returns: the value that
 * the body of an async function, `script`, returned on the page at `url`.
 */
export async function playOnPage(drive) {
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
  try {
    console.log(await drive(`http://127.0.0.1:${server.address().port}/`, script));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
