import { join } from "node:path";
import { test } from "node:test";
import { open } from "./badge-support.js";
import { assertAnswers, copied, fineceServe, unable } from "./example-support.js";
import { root, started } from "./packed-support.js";

test("the example for Vite and React, in the development server", { skip: unable }, async (t) => {
  const FINECE = await fineceServe(t);
  const folder = copied(t, "vite-react", join(root, "test-build"));
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const page = await open(t, await started(t, folder, [vite, "--host", "127.0.0.1", "--port", "0"], { FINECE }));
  await assertAnswers(page);
});
