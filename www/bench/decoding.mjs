// Decoding a stream in Chromium, the core beside
// eventsource-parser with JSON.parse on the same bytes.
import { launch, site } from "./pages.mjs";
import { demo, median, ratio, recorded, row } from "./support.mjs";

const ROUNDS = 15;
const SIZE = 4 << 20;

/** A stream's events in the midst of an answer, over and over. */
function long(stream) {
  const events = stream.toString().split(/(?<=\n\n)/).filter((event) => event.includes('"finish_reason":null') && event.includes('"top_logprobs"'));
  return Buffer.from(`${events.join("").repeat(Math.ceil(SIZE / Buffer.byteLength(events.join(""))))}data: [DONE]\n\n`);
}

const streams = { "demo.sse": long(demo), "recorded.sse": long(recorded) };
const server = await site(["decoding"], streams);
const browser = await launch();
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => { throw error; });
  await page.goto(`${server.url}/decoding`);
  await page.waitForFunction(() => globalThis.contest !== undefined);
  for (const name of Object.keys(streams)) {
    const { times, made, bytes } = await page.evaluate(([stream, rounds]) => globalThis.contest(stream, rounds), [name, ROUNDS]);
    if (made.parse.text !== made.scoreWithText.text || made.score.positions === 0) {
      throw new Error(`${name}: not the same was decoded: ${JSON.stringify(made)}`);
    }
    const speed = (contender) => `${(bytes / 1000 / median(times[contender])).toFixed(0)} MB/s`;
    const beside = (contender) => `${speed(contender)}, ${ratio(times.parse, times[contender]).toFixed(2)} x`;
    const what = name === "demo.sse" ? "the demo stream" : "a recording of llama.cpp";
    row(`Chromium, ${what}: eventsource-parser and JSON.parse`, speed("parse"));
    row("  decoding, positions and fusion by the core", beside("score"), "at least 1 x");
    row("  the same, with the text as events", beside("scoreWithText"), "at least 1 x");
  }
} finally {
  await browser.close();
  server.close();
}
