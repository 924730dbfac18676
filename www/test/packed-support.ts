import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { confidences, type StreamEvent } from "finece";
import { demo } from "./support.js";

/** The package's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** An app of these files in a new folder below `parent`, with the packed package installed. */
export function app(t: TestContext, parent: string, files: Record<string, string>): string {
  const folder = mkdtempSync(join(parent, "finece-app-"));
  t.after(() => { rmSync(folder, { recursive: true }); });
  const installed = join(folder, "node_modules", "finece");
  mkdirSync(installed, { recursive: true });
  // --ignore-scripts: what is packed was built before the tests.
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: root, encoding: "utf8",
  }).trim();
  execFileSync("tar", ["-xzf", join(folder, packed), "--strip-components=1", "-C", installed]);
  for (const [name, text] of Object.entries({ "package.json": `{"private":true,"type":"module"}`, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The events of the demo stream, as they come here. */
export async function expected(): Promise<StreamEvent[]> {
  const events = [];
  for await (const event of confidences(new Response(demo))) {
    events.push(event);
  }
  return events;
}
