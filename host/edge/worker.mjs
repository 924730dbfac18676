// The Worker's entry. It replaces the one that workers-assets-gen writes.
import { serve } from "./program.mjs";

const FAILED = `{"error":{"message":"the gateway failed","type":"finece-error","param":null,"code":"finece-internal"}}\n`;

export default {
  async fetch(request, _env, ctx) {
    try {
      return await serve(request, ctx);
    } catch (error) {
      console.error("finece:", error);
      return new Response(FAILED, { status: 500, headers: { "Content-Type": "application/json" } });
    }
  },
};
