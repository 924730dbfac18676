// The AI SDK's versions before and after the one that the package is tested with: types, a stream, and an answer.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { PositionConfidence } from "finece/badge";
import { positionsOf } from "../badge-support.js";
import { app, root } from "../packed-support.js";
import { HUNG, bodyOf, completion, demo, serve } from "../support.js";
import { examples } from "./installed.js";

const tsc = createRequire(join(root, "package.json")).resolve("typescript/bin/tsc");

/** A program of a user's, for a version of `ai` and of a provider's package. */
const program = (ai: number, provider: number, options: string): string => `
  import { createOpenAICompatible } from "@ai-sdk/openai-compatible-${String(provider)}";
  import { type UIMessage, createUIMessageStream, generateText, readUIMessageStream, streamText, wrapLanguageModel } from "ai-${String(ai)}";
  import { type FineceDataParts, confidenceMiddleware, confidenceParts, confidencesOf } from "finece/ai-sdk";
  import { ConfidenceLog } from "finece/badge";

  type Message = UIMessage<unknown, FineceDataParts>;
  const model = createOpenAICompatible({ name: "demo", baseURL: process.argv[2] ?? "" }).chatModel("demo");
  const scoring = { ${options}estimator: "leco", coreTimeout: ${String(HUNG)} } as const;
  const stream = createUIMessageStream<Message>({
    execute({ writer }) {
      const middleware = confidenceMiddleware({ ...scoring, onEvent: confidenceParts(writer) });
      writer.merge(streamText({ model: wrapLanguageModel({ model, middleware }), prompt: "How much?" }).toUIMessageStream());
    },
  });
  let message: Message | undefined;
  for await (const next of readUIMessageStream<Message>({ stream })) message = next;
  const { text, providerMetadata } = await generateText({ model: wrapLanguageModel({ model, middleware: confidenceMiddleware(scoring) }), prompt: "How much?" });
  console.log(JSON.stringify({
    text: message?.parts.map((part) => (part.type === "text" ? part.text : "")).join(""), positions: message === undefined ? [] : confidencesOf(message),
    whole: { text, positions: ConfidenceLog.from(providerMetadata).positions().length },
  }));`;

for (const [ai, provider, options] of [[5, 1, ""], [7, 3, `specificationVersion: "v4", `]] as const) {
  test(`ai ${String(ai)} type-checks and streams with the middleware`, async (t) => {
    const url = await serve(t, (request, response) => {
      void bodyOf(request).then((body) => {
        const streamed = (JSON.parse(body) as { stream?: boolean }).stream === true;
        response.writeHead(200, { "content-type": streamed ? "text/event-stream" : "application/json" }).end(streamed ? demo : completion("One.\n\nTwo."));
      });
    });
    const folder = app(t, examples, {
      "chat.ts": program(ai, provider, options),
      "tsconfig.json": JSON.stringify({ compilerOptions: {
        target: "ES2022", module: "NodeNext", strict: true, skipLibCheck: true, // the SDK's own declarations do not pass
        types: ["node"], typeRoots: [join(root, "node_modules/@types")], lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      } }),
    });
    const run = promisify(execFile);
    await run(process.execPath, [tsc, "-p", "."], { cwd: folder }).catch((error: unknown) => { assert.fail((error as { stdout: string }).stdout); });
    const { stdout } = await run(process.execPath, ["chat.js", url], { cwd: folder });
    const said = JSON.parse(stdout) as { text: string; positions: PositionConfidence[]; whole: { text: string; positions: number } };
    assert.match(said.text, /^A baker sells[\s\S]*126 euros/);
    assert.deepEqual(said.positions, await positionsOf(demo, { estimator: "leco", question: "How much?" }));
    assert.equal(said.whole.text, "One.\n\nTwo.");
    assert.ok(said.whole.positions > 0);
  });
}
