// The gallery's script: defines the elements, and shows each message in its mode.
import { ConfidenceBadge, showConfidences } from "finece/badge";
import { positions, source, tokens } from "./states.mjs";

ConfidenceBadge.define();
for (const message of document.querySelectorAll(".message")) {
  const { mode, tokens: withTokens, unavailable } = message.dataset;
  const view = showConfidences(message, {
    mode, announce: false, spanStyle: withTokens === undefined ? "underline" : "heat",
    onRegenerate: () => undefined, onStronger: () => undefined,
  });
  view.update(source, positions(unavailable === undefined), true, withTokens === undefined ? undefined : tokens);
}
