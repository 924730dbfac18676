/**
 * The elements that people see. {@link showConfidences} shows the confidences of a rendered message, by
 * default as one `<finece-chip>`. `<confidence-badge>` shows one confidence and explains it.
 * `<finece-sparkline>` is a small line of values. {@link ConfidenceLog} keeps the latest confidence of each
 * position.
 *
 * ```ts
 * import { ConfidenceLog, showConfidences } from "finece/badge";
 * const log = new ConfidenceLog();
 * const view = showConfidences(message);
 * const onEvent = (event) => { log.apply(event); view.update(source, log.positions()); };
 * ```
 *
 * Importing this entry has no effect by itself, and is safe on a server.
 *
 * @packageDocumentation
 */
export { AnswerChip } from "./chip.js";
export type { PanelEventDetail } from "./details.js";
export { type BadgeChange, ConfidenceBadge } from "./element.js";
export type { BadgeAction } from "./panel.js";
export type { AnsweredText } from "./parts.js";
export { badgeAttributes, ConfidenceLog, headlineOf, type PositionConfidence, shownAs, sourceName } from "./positions.js";
export { ConfidenceView, showConfidences, type ShowMode, type ShowOptions } from "./show.js";
export { answerText, isLow } from "./shown.js";
export { Sparkline } from "./sparkline.js";
export type { Span, SpanStyle } from "./spans.js";
export {
  type AnswerWords, type BadgeState, type Band, type Calibration, ENGLISH, formatPercent, type Shown, showValue, speak, type Words, wordsFor,
} from "./words.js";
