import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../packed-support.js";

/** Where `make test-examples` installs what the examples need. */
export const examples = join(root, "../build/examples");

assert.ok(existsSync(join(examples, "node_modules")), "run make test-examples, which installs what the examples need");
