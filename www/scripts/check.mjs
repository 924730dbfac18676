// Packs the package as it is published and holds it against publint and
// "are the types wrong?".
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const run = (command, ...args) => execFileSync("npx", ["--no-install", command, ...args], { stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "finece-pack-"));
try {
  // Built already; --ignore-scripts keeps prepack from doing it again.
  const [{ filename, size, files }] = JSON.parse(
    execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { encoding: "utf8" }),
  );
  const packed = join(folder, filename);
  console.log(`${filename}: ${files.length} files, ${size} bytes`);
  run("publint", "run", packed, "--strict");
  // The profile is that of ES modules alone. "./finece.wasm" is left out
  // because it is no JavaScript and has no types: bundlers and URLs ask for it.
  run("attw", packed, "--profile", "esm-only", "--exclude-entrypoints", "./finece.wasm");
} finally {
  rmSync(folder, { recursive: true });
}
