import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { example } from "./example-support.js";

interface Package { dependencies?: Record<string, string>; devDependencies?: Record<string, string>; version?: string }

const read = (path: string): Package => JSON.parse(readFileSync(path, "utf8")) as Package;

test("the examples pin the versions that the package is tested with", () => {
  const own = read(example("../package.json"));
  const known = { ...own.devDependencies };
  const packages = readdirSync(example("")).map((name) => example(`${name}/package.json`)).filter((path) => existsSync(path));
  assert.ok(packages.length >= 6);
  for (const path of packages) {
    const { dependencies, devDependencies } = read(path);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.equal(version, known[name] ?? version, `${path}: ${name}`);
      assert.match(version, /^\d/, `${path}: ${name} is pinned`);
    }
  }
  assert.ok(readFileSync(example("html/index.html"), "utf8").includes(`npm/finece@${own.version ?? ""}/`), "the plain page loads this version");
});
