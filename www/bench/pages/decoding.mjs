// The page of decoding.mjs: each contender takes a stream in pieces as a body's
// reader gives them, and makes of it what it makes.
import { createParser } from "eventsource-parser";
import { loadCore } from "finece";

const PIECE = 16 << 10;
const core = await loadCore("/finece.wasm");

function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** What everybody else does: no positions, no confidences. */
function parse(bytes) {
  let chunks = 0;
  let text = 0;
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent({ data }) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      chunks++;
      text += chunk.choices[0]?.delta.content?.length ?? 0;
    },
  });
  for (const piece of pieces(bytes)) parser.feed(decoder.decode(piece, { stream: true }));
  return { chunks, text };
}

function score(bytes, config) {
  const session = core.open({ strategy: "paragraph+periodic+entropy", entropyThreshold: 1, ...config });
  let positions = 0;
  let text = 0;
  const count = (events) => {
    for (const event of events) {
      if (event.type === "position") positions++;
      if (event.type === "text") text += event.text.length;
      if (event.type === "fault") throw new Error(`${event.fault} ${event.detail}`);
    }
  };
  for (const piece of pieces(bytes)) count(session.write(piece));
  count(session.end());
  session.close();
  return { positions, text };
}

const contenders = {
  parse,
  score: (bytes) => score(bytes, {}),
  scoreWithText: (bytes) => score(bytes, { text: true }),
};

/** Times each contender once a round, in turn, after two rounds to warm up. */
globalThis.contest = async (name, rounds) => {
  const bytes = new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
  const times = { parse: [], score: [], scoreWithText: [] };
  const made = {};
  for (let round = -2; round < rounds; round++) {
    for (const [contender, run] of Object.entries(contenders)) {
      const start = performance.now();
      made[contender] = run(bytes);
      if (round >= 0) times[contender].push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { times, made, bytes: bytes.length };
};
