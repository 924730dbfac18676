/**
 * The parts that `showConfidences` loads when it needs them, for pages that use them directly:
 * {@link placeBadges} puts badges in rendered Markdown, {@link TokenSpans} collects the tokens that the mode
 * `inline` marks, {@link LiveSummary} announces confidences to screen readers.
 *
 * @packageDocumentation
 */
export { type LiveOptions, LiveSummary } from "./live.js";
export { ConfidenceMark } from "./mark.js";
export { type BadgePlacement, placeBadges, type PlaceOptions } from "./place.js";
export { type Span, type SpanStyle, TokenSpans } from "./spans.js";
