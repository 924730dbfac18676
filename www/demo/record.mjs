// Records the answers that the page plays, into recordings/:
//
//   go build -o build/finece ./host/cmd/finece && node www/demo/record.mjs build/finece
//
// The built-in models answer word problems of the kind that they were trained on, through `finece serve`
// with the confidence model's card, so that its numbers are probabilities. SmolLM2's answers are those of
// the experiment with a real model (host/experiment/real), with their log-probabilities and no more.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [finece] = process.argv.slice(2);
const out = here("recordings");
const temporary = mkdtempSync(join(tmpdir(), "finece-record-"));
const closing = [];

/** Runs a server of the command, and returns its address. */
function server(...args) {
  const child = spawn(finece, args, { stdio: ["ignore", "ignore", "pipe"] });
  closing.push(() => { child.removeAllListeners("exit"); child.kill(); });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
      const address = /listening on (http:\/\/[\w.:]+\w)/.exec(said);
      if (address !== null) {
        resolve(address[1]);
      }
    });
    child.on("exit", (code) => { reject(new Error(`finece ${args[0]} ended with ${code}: ${said}`)); });
  });
}

const PACE = 200; // milliseconds a token, so that the confidence model keeps up with the generator

/** Passes requests on to a server, and its streams back event by event at the pace. */
function slowly(upstream) {
  const proxy = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const answer = await fetch(upstream + request.url, {
      method: request.method, headers: { "content-type": "application/json" }, body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    for (const event of (await answer.text()).split(/(?<=\n\n)/)) {
      response.write(event);
      await new Promise((resolve) => setTimeout(resolve, PACE));
    }
    response.end();
  });
  closing.push(() => { proxy.close(); });
  return new Promise((resolve) => {
    proxy.listen(0, "127.0.0.1", () => { resolve(`http://127.0.0.1:${proxy.address().port}`); });
  });
}

// The built-in generator's sampling is fixed by the seed.
const PROBLEMS = [
  ["stamps", 1, "A shop has 110 stamps. Then a fifth of them are sold. How many stamps are there now?", "88"],
  ["shells", 3, "A school has 25 shells. It gets 9 more. It sells 19 of them. It sells 7 of them. It sells 5 of them. It gets 5 more. How many shells does the school have now?", "8"],
  ["bottles", 2, "Emil has 7 boxes with 6 bottles in each. Emil finds 3 more. Emil loses 3 of them. Emil finds 6 more. They are shared by 8 children. How many bottles does each get?", "6"],
];

async function builtIn() {
  const lm = await server("lm", "--listen", "127.0.0.1:0");
  const { data } = await (await fetch(`${lm}/v1/models`)).json();
  const card = join(temporary, "card.json");
  writeFileSync(card, JSON.stringify(data.find(({ id }) => id === "confidence").card));
  const gateway = await server("serve", "--listen", "127.0.0.1:0", "--settle", "1m",
    "--upstream", `${await slowly(lm)}/v1`, "--estimator", `${lm}/v1`, "--model", "confidence", "--model-card", card);
  for (const [name, seed, question] of PROBLEMS) {
    const response = await fetch(`${gateway}/v1/chat/completions`, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "generator", messages: [{ role: "user", content: question }], stream: true, temperature: 1, seed }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(text);
    }
    writeFileSync(join(out, `${name}.sse`), text);
  }
}

// Sampled answers by the beginning of their key, and which of its two completions.
const SAMPLED = [
  ["mumbai", "78a0698a0918", 0],
  ["salerno", "867459444a19", 0],
];

function sampled() {
  const lines = (name) => gunzipSync(readFileSync(here(`../../host/experiment/real/data/${name}`))).toString().trim().split("\n").map((line) => JSON.parse(line));
  const samples = lines("answers.jsonl.samples.gz");
  for (const [name, key, number] of SAMPLED) {
    const { tokens, finish } = samples.find((sample) => sample.key.startsWith(key)).completions[number];
    const chunk = (delta, content, finish_reason) => `data: ${JSON.stringify({
      id: name, object: "chat.completion.chunk", model: "SmolLM2-135M", choices: [{ index: 0, delta, logprobs: content && { content }, finish_reason }],
    })}\n\n`;
    writeFileSync(join(out, `${name}.sse`), tokens.map((token) => chunk({ content: token.token }, [token], null)).join("")
      + `${chunk({}, null, finish)}data: [DONE]\n\n`);
  }
}

mkdirSync(out, { recursive: true });
try {
  sampled();
  await builtIn();
} finally {
  closing.forEach((close) => { close(); });
  rmSync(temporary, { recursive: true });
}
