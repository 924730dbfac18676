import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { HUNG, until } from "./support.js";

/** Why tests with the command are skipped, `false` if they are not. */
export const noGo = process.env["PATH"]?.split(":").some((folder) => existsSync(join(folder, "go"))) === true ? false : "no go to build finece with";

let folder: string | undefined;
const servers: ChildProcess[] = [];

after(() => {
  servers.forEach((server) => { server.kill(); });
  if (folder !== undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Builds the command, once for each test file, and runs `finece serve`. Returns its address; it ends with the file's tests. */
export async function fineceServe(...options: string[]): Promise<string> {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), "finece-serve-"));
    execFileSync("go", ["build", "-o", folder, "./host/cmd/finece"], { cwd: fileURLToPath(new URL("../../", import.meta.url)) });
  }
  const server = spawn(join(folder, "finece"),
    ["serve", "--listen", "127.0.0.1:0", "--settle", `${String(HUNG)}ms`, ...options], { stdio: ["ignore", "ignore", "pipe"] });
  servers.push(server);
  let said = "";
  let address = "";
  server.stderr.on("data", (data: Buffer) => { said += data.toString(); });
  await until("finece serve listens", () => {
    address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
    return address !== "" || server.exitCode !== null;
  });
  assert.equal(server.exitCode, null, said);
  return address;
}
