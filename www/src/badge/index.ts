/**
 * The badge: `<confidence-badge>` shows one confidence and explains it;
 * {@link placeBadges} puts badges in rendered
 * Markdown; {@link ConfidenceLog} keeps the latest confidence of each position.
 *
 * ```ts
 * import { ConfidenceBadge, ConfidenceLog, placeBadges } from "finece/badge";
 * ConfidenceBadge.define();
 * ```
 *
 * Importing it does nothing by itself and is safe on a server.
 *
 * @packageDocumentation
 */
export { type BadgeChange, ConfidenceBadge } from "./element.js";
export { type LiveOptions, LiveSummary } from "./live.js";
export { ConfidenceMark } from "./mark.js";
export { type BadgePlacement, placeBadges, type PlaceOptions } from "./place.js";
export { badgeAttributes, ConfidenceLog, type PositionConfidence, shownAs, sourceName } from "./positions.js";
export {
  type BadgeState, type BadgeWords, type Band, type Calibration, ENGLISH, formatPercent, type Shown, showValue, summarise, type Summary,
} from "./words.js";
