// node chat.mjs QUESTION: prints an answer while it is written, and then the confidence of the answer.
import { ChatOpenAI } from "@langchain/openai";
import { confidenceFetch } from "finece";
import { ConfidenceLog, ENGLISH, headlineOf, showValue, shownAs } from "finece/badge";

const log = new ConfidenceLog();
const model = new ChatOpenAI({
  model: "generator",
  apiKey: "none", // finece serve needs no key on this machine
  configuration: {
    baseURL: `${process.env.FINECE ?? "http://127.0.0.1:8080"}/v1`,
    fetch: confidenceFetch(fetch, { onEvent: (event) => { log.apply(event); } }),
  },
});

const [question = "A baker sells 4 loaves on Monday and 3 on Tuesday. How many loaves does he sell in all?"] = process.argv.slice(2);
for await (const { content } of await model.stream(question)) {
  process.stdout.write(content);
}
const headline = headlineOf(log.positions());
// A percentage if it is calibrated, else low, medium or high.
const said = typeof headline?.fused === "number" ? showValue(headline.fused, shownAs(headline), ENGLISH, "en") : "not available";
console.log(`\n\nConfidence: ${said}`);
