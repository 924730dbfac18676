// Builds the shadcn registry's items into dist/registry, as `shadcn build` does:
// each with its files in it, to be added by address.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const from = new URL("../registry/", import.meta.url);
const to = new URL("../dist/registry/", import.meta.url);
const { items } = JSON.parse(readFileSync(new URL("registry.json", from), "utf8"));
mkdirSync(to, { recursive: true });
for (const item of items) {
  const files = item.files.map((file) => ({ ...file, content: readFileSync(new URL(file.path, from), "utf8") }));
  const whole = { $schema: "https://ui.shadcn.com/schema/registry-item.json", ...item, files };
  writeFileSync(new URL(`${item.name}.json`, to), `${JSON.stringify(whole, null, 2)}\n`);
}
