import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  server: {
    // finece serve refuses requests from pages of another origin, so the proxy keeps the page's host.
    proxy: { "/v1": { target: process.env.FINECE ?? "http://127.0.0.1:8080", changeOrigin: false } },
  },
  optimizeDeps: { exclude: ["finece"] }, // so that the development server finds finece.wasm
});
