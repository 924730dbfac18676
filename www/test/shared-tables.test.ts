import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { retryAfter } from "../dist/http.js";
import { askedIn } from "../dist/question.js";

// The Go tests read the same tables.
function table(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../host/${path}`, import.meta.url), "utf8"));
}

test("which statuses are retried, and when", () => {
  const cases = table("model/testdata/retry.json") as { status: number; after: string; wait: string }[];
  assert.ok(cases.length > 10);
  for (const { status, after, wait } of cases) {
    const got = retryAfter(status, after === "" ? null : after);
    assert.equal(got === null ? "never" : got === undefined ? "soon" : String(got / 1000), wait, `HTTP ${String(status)}, Retry-After ${after}`);
  }
});

test("the question is the user's last text", () => {
  const cases = table("follow/testdata/question.json") as { shows: string; messages: unknown; question: string }[];
  assert.ok(cases.length > 5);
  for (const { shows, messages, question } of cases) {
    assert.equal(askedIn(JSON.stringify({ messages }))?.question ?? "", question, shows);
  }
});

test("what a model of conversations is asked", () => {
  const cases = table("follow/testdata/conversation.json") as { shows: string; request: unknown; budget: number; conversation: string; asked: string }[];
  assert.ok(cases.length > 10);
  for (const { shows, request, budget, conversation, asked } of cases) {
    const got = askedIn(JSON.stringify(request), { card: { finece_card: 1, conversation: true }, conversationTokens: budget });
    assert.equal(got?.question ?? "", asked, shows);
    assert.equal(got?.conversation, conversation, shows);
  }
});
