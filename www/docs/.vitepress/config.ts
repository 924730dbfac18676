import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import llmstxt from "vitepress-plugin-llms";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The pages of a folder that the reference's generators have written, by name.
function pages(folder: string): { text: string; link: string }[] {
  return readdirSync(here(`../${folder}`))
    .filter((name) => name.endsWith(".md") && name !== "index.md")
    .map((name) => ({ text: titled(name.slice(0, -3)), link: `/${folder}/${name.slice(0, -3)}` }));
}

// The name of an entry of the npm package, or of a Go package.
function titled(name: string): string {
  return name === "index-1" ? "finece" : name.replace(/-entry$/, "").replaceAll("-", "/").replace("ai/sdk", "ai-sdk");
}

export default defineConfig({
  title: "FineCE",
  description: "How likely a language model's answer is to be right, while the model is still writing it",
  lang: "en",
  base: process.env["DOCS_BASE"] ?? "/",
  cleanUrls: false,
  lastUpdated: false,
  // Themes whose comments and keywords have enough contrast.
  markdown: { theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" } },
  // The playground is a page of its own, which make docs copies into public.
  ignoreDeadLinks: [/\/playground\//],
  // llms.txt, llms-full.txt, and a Markdown twin beside each page.
  vite: { plugins: [llmstxt({ domain: "" })] },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start/gateway", activeMatch: "/start/" },
      { text: "Concepts", link: "/concepts/position", activeMatch: "/concepts/" },
      { text: "How to", link: "/how-to/servers", activeMatch: "/how-to/" },
      { text: "Reference", link: "/reference/", activeMatch: "/reference/" },
      { text: "Playground", link: "/playground/index.html", target: "_self" },
    ],
    sidebar: [
      {
        text: "Get started",
        items: [
          { text: "In a chat frontend", link: "/start/frontend" },
          { text: "In front of a model server", link: "/start/gateway" },
          { text: "Over files of answers", link: "/start/files" },
        ],
      },
      {
        text: "Concepts",
        items: [
          { text: "Positions", link: "/concepts/position" },
          { text: "Fusion", link: "/concepts/fusion" },
          { text: "Calibrated or not", link: "/concepts/calibrated" },
          { text: "Policies", link: "/concepts/policies" },
        ],
      },
      {
        text: "How to",
        items: [
          { text: "Use it with vLLM, LiteLLM or Ollama", link: "/how-to/servers" },
          { text: "Use the package with Next", link: "/how-to/next" },
          { text: "Run in a Cloudflare Worker", link: "/how-to/worker" },
          { text: "Calibrate on your labels", link: "/how-to/calibrate" },
          { text: "Train a confidence model", link: "/how-to/train" },
          { text: "Score a million answers", link: "/how-to/batch" },
          { text: "Operate the gateway", link: "/how-to/operate" },
        ],
      },
      {
        text: "Reference",
        items: [
          { text: "Overview", link: "/reference/" },
          { text: "Records", link: "/reference/record" },
          { text: "Settings", link: "/reference/settings" },
          { text: "Command", link: "/reference/command" },
          { text: "HTTP", link: "/reference/http" },
          { text: "Faults", link: "/reference/faults" },
          { text: "Metrics", link: "/reference/metrics" },
          { text: "Providers", link: "/reference/providers" },
          { text: "WebAssembly", link: "/reference/abi" },
          { text: "Go", link: "/reference/go/", collapsed: true, items: pages("reference/go") },
          { text: "TypeScript", link: "/reference/typescript/", collapsed: true, items: pages("reference/typescript") },
        ],
      },
      {
        text: "More",
        items: [
          { text: "Comparison", link: "/compare" },
          { text: "Limits", link: "/limits" },
          { text: "Questions", link: "/faq" },
        ],
      },
    ],
    socialLinks: [{ icon: "github", link: "https://github.com/finece/finece" }],
  },
});
