import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { positionsOf, openModule, skip } from "./badge-support.js";
import { demo, until } from "./support.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

// The fields of shadcn's schemas that are used here, as npm's shadcn 4.23 has them
// in shadcn/schema: registrySchema and registryItemSchema.
interface Registry { $schema: string; name: string; homepage: string; items: Item[] }
interface Item {
  $schema?: string; name: string; type: string; title: string; description: string; dependencies: string[];
  files: { path: string; type: string; content?: string }[];
}
const TYPES = ["registry:ui", "registry:component", "registry:block", "registry:hook", "registry:lib"]; // those whose files need no target

function assertItem(item: Item, built: boolean): void {
  const names = ["dependencies", "description", "files", "name", "title", "type", ...(built ? ["$schema"] : [])].sort();
  assert.deepEqual(Object.keys(item).sort(), names);
  assert.match(item.name, /^[a-z][a-z-]*$/);
  assert.ok(TYPES.includes(item.type), item.type);
  assert.ok(item.title !== "" && item.description !== "");
  for (const file of item.files) {
    assert.deepEqual(Object.keys(file).sort(), built ? ["content", "path", "type"] : ["path", "type"]);
    assert.ok(TYPES.includes(file.type), file.type);
    assert.doesNotMatch(file.path, /^\/|\.\./);
  }
}

test("the shadcn registry and its built items have the form that shadcn reads", () => {
  const registry = JSON.parse(read("../registry/registry.json")) as Registry;
  assert.equal(registry.$schema, "https://ui.shadcn.com/schema/registry.json");
  assert.deepEqual(Object.keys(registry).sort(), ["$schema", "homepage", "items", "name"]);
  for (const item of registry.items) {
    assertItem(item, false);
    const built = JSON.parse(read(`../dist/registry/${item.name}.json`)) as Item;
    assertItem(built, true);
    assert.equal(built.$schema, "https://ui.shadcn.com/schema/registry-item.json");
    for (const { path, content = "" } of built.files) {
      assert.equal(content, read(`../registry/${path}`));
      const imported = [...content.matchAll(/from "(@?[^"/]+)/g)].map(([, name]) => name).filter((name) => name !== "react");
      assert.deepEqual([...new Set(imported)], item.dependencies, "what it imports is installed with it");
    }
  }
});

test("the component of the registry shows an answer and its confidences", { skip }, async (t) => {
  const component = fileURLToPath(new URL("../registry/confidence.tsx", import.meta.url));
  const page = await openModule(t, `
    import { createElement as h } from "react";
    import { createRoot } from "react-dom/client";
    import { ConfidenceAnswer } from ${JSON.stringify(component)};
    const bytes = Uint8Array.from(atob(${JSON.stringify(Buffer.from(demo).toString("base64"))}), (c) => c.charCodeAt(0));
    const source = new Response(bytes);
    const refused = new Response("busy", { status: 503 });
    createRoot(document.querySelector("main")).render([
      h(ConfidenceAnswer, { source, className: "mine", key: 1 }), h(ConfidenceAnswer, { source: refused, className: "refused", key: 2 })]);`);
  const answer = page.locator(".mine");
  await until("the answer is done", async () => await answer.getAttribute("data-status").catch(() => null) === "done");
  const positions = (await positionsOf(demo, {})).filter(({ index }) => index > 0);
  const values = await answer.locator("confidence-badge").evaluateAll((badges) => badges.map((badge) => badge.getAttribute("value")));
  assert.deepEqual(values, positions.map(({ fused }) => String(fused)));
  assert.match(await answer.textContent() ?? "", /^A baker/);
  const refused = page.locator(".refused");
  assert.match(await refused.getByRole("alert").innerText(), /HTTP 503: busy; see the server's log/);
  assert.deepEqual(await refused.locator("confidence-badge").evaluateAll((badges) => badges.map((badge) => badge.getAttribute("state"))), ["unavailable"]);
});
