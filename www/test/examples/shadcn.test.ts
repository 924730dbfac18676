import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openModule } from "../badge-support.js";
import { app } from "../packed-support.js";
import { demo, serve, until } from "../support.js";
import { examples } from "./installed.js";

const cli = createRequire(join(examples, "package.json")).resolve("shadcn");

for (const from of ["the package's file", "an address"]) {
  test(`shadcn adds the component from ${from}, and it shows an answer`, async (t) => {
    const item = readFileSync(new URL("../../dist/registry/confidence.json", import.meta.url));
    // What the tool asks its own site for, which our item does not use.
    const colours = JSON.stringify({ inlineColors: { light: {}, dark: {} }, cssVars: { light: {}, dark: {} }, inlineColorsTemplate: "", cssVarsTemplate: "" });
    const origin = await serve(t, ({ url = "" }, response) => {
      const body = url === "/confidence.json" ? item : url.startsWith("/r/colors/") ? colours : undefined;
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" }).end(body);
    });
    const folder = app(t, examples, {
      "package.json": `{"name":"app","private":true,"type":"module","dependencies":{"finece":"*"}}`,
      "vite.config.ts": "",
      "components.json": JSON.stringify({
        $schema: "https://ui.shadcn.com/schema.json", style: "new-york", rsc: false, tsx: true,
        tailwind: { config: "", css: "src/index.css", baseColor: "neutral", cssVariables: true },
        aliases: { components: "@/components", utils: "@/lib/utils", ui: "@/components/ui", lib: "@/lib", hooks: "@/hooks" },
      }),
      "tsconfig.json": `{"compilerOptions":{"paths":{"@/*":["./src/*"]},"jsx":"react-jsx"},"include":["src"]}`,
      "src/index.css": `@import "tailwindcss";`,
      "src/main.jsx": `
        import { createElement as h } from "react";
        import { createRoot } from "react-dom/client";
        import { ConfidenceAnswer } from "./components/ui/confidence";
        const bytes = Uint8Array.from(atob(${JSON.stringify(Buffer.from(demo).toString("base64"))}), (c) => c.charCodeAt(0));
        const source = new Response(bytes);
        createRoot(document.querySelector("main")).render(h(ConfidenceAnswer, { source }));`,
    });
    const { stdout, stderr } = await promisify(execFile)(process.execPath,
      [cli, "add", from === "an address" ? `${origin}/confidence.json` : "./node_modules/finece/dist/registry/confidence.json", "--yes"],
      { cwd: folder, env: { ...process.env, REGISTRY_URL: `${origin}/r` } });
    assert.match(stdout + stderr, /src\/components\/ui\/confidence\.tsx/);
    const page = await openModule(t, `import ${JSON.stringify(join(folder, "src/main.jsx"))};`);
    const answer = page.locator("[data-slot=confidence-answer]");
    await until("the answer is done", async () => await answer.getAttribute("data-status").catch(() => null) === "done");
    assert.match(await answer.innerText(), /^A baker[\s\S]*126 euros/);
    assert.ok(await answer.locator("confidence-badge[state=final]").count() > 5);
  });
}
