import { defineConfig } from "vite";

export default defineConfig({
  server: {
    // finece serve. It refuses requests of another origin's pages, so the page's own host is passed on.
    proxy: { "/v1": { target: process.env.FINECE ?? "http://127.0.0.1:8080", changeOrigin: false } },
  },
  optimizeDeps: {
    exclude: ["finece"], // so that the development server finds finece.wasm
    include: ["react"], // which main.tsx does not import, but finece does
  },
});
