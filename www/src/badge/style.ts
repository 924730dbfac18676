// Colours are custom properties, so a page can set its own; text keeps the
// page's contrast because the bands colour only the glyph, edge and tint.
const CSS = `
:host {
  --_low: var(--confidence-badge-low, light-dark(#b3261e, #ff8a80));
  --_medium: var(--confidence-badge-medium, light-dark(#8a5a00, #f2b84b));
  --_high: var(--confidence-badge-high, light-dark(#14713d, #5fd18f));
  --_none: var(--confidence-badge-unknown, light-dark(#5c6370, #a8b0bd));
  --_text: var(--confidence-badge-color, light-dark(#1d2129, #eceff4));
  --_surface: var(--confidence-badge-surface, light-dark(#ffffff, #1f232b));
  --_edge: var(--confidence-badge-edge, light-dark(#d3d8e0, #454c58));
  display: inline-block;
  position: relative;
  vertical-align: baseline;
  font-size: var(--confidence-badge-size, 0.75em);
  font-weight: 500;
  font-style: normal;
  line-height: 1;
  white-space: nowrap;
  letter-spacing: normal;
  text-indent: 0;
  text-align: start;
}
:host([hidden]) { display: none; }
/* A page's bar at the top or the bottom does not hide what has the focus. */
:host { scroll-margin-block: var(--confidence-badge-scroll-margin, 4.5rem); }
/* Out of the flow, in the middle of the line where its text ends: nothing moves when it comes. */
:host([placed]) { position: absolute; font-size: var(--confidence-badge-size, 0.75rem); }
:host([placed="end"]) {
  display: inline-flex; align-items: center; block-size: 1lh; margin-inline-start: 0.4rem; font-size: inherit; line-height: inherit;
}
:host([placed="end"]) button { font-size: var(--confidence-badge-size, 0.75rem); line-height: 1; }
/* A narrow window has no room beside the text: the badge is part of the line, and wraps. */
@media (max-width: 40rem) { :host([placed="end"]) { position: relative; display: inline-block; block-size: auto; } }
:host([placed="corner"]) { transform: translate(calc(-100% - 0.4em), calc(-100% - 0.4em)); }
:host([placed="corner"]:dir(rtl)) { transform: translate(0.4em, calc(-100% - 0.4em)); }
/* Within a text there is room above the line only. */
:host([placed="inside"]) { transform: translate(-50%, -60%); font-size: calc(var(--confidence-badge-size, 0.75rem) * 0.8); }
:host([placed="inside"]) :is(.text, .trend) { display: none; }
:host([placed="inside"]) button { padding: 0; border-style: none; }
button {
  all: unset;
  box-sizing: border-box;
  scroll-margin-block: inherit;
  position: relative;
  display: inline-flex;
  align-items: center;
  gap: 0.3em;
  padding: var(--confidence-badge-padding, 0.25em 0.5em 0.25em 0.4em);
  border: 1px solid color-mix(in srgb, var(--_band) 45%, transparent);
  border-radius: var(--confidence-badge-radius, 1em);
  background: color-mix(in srgb, var(--_band) 11%, var(--_surface));
  color: var(--_text);
  font-variant-numeric: tabular-nums;
  cursor: pointer;
  user-select: none;
}
button:dir(rtl) { padding-inline: 0.4em 0.5em; }
/* A larger target than the eye sees. */
button::after { content: ""; position: absolute; inset: -0.5em -0.15em; }
button:focus-visible { outline: 2px solid var(--confidence-badge-focus, light-dark(#1a5fd0, #8ab4ff)); outline-offset: 2px; }
button { --_band: var(--_none); }
.low { --_band: var(--_low); }
.medium { --_band: var(--_medium); }
.high { --_band: var(--_high); }
.pending, .provisional { border-style: dashed; }
.provisional { border-color: color-mix(in srgb, var(--_band) 70%, transparent); }
svg { inline-size: 1.1em; block-size: 1.1em; flex: none; overflow: visible; color: var(--_band); }
svg > * { display: none; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.low .triangle, :is(.medium, .high) :is(.ring, .pie), .pending .dots, .unavailable :is(.ring, .slash) { display: inline; }
svg .pie { stroke-width: 5; stroke-linecap: butt; }
.certainty .bars { display: inline; }
.bars path { stroke-width: 3; stroke-linecap: butt; opacity: 0.25; }
.certainty .bars path:first-child, :is(.bar-medium, .bar-high) .bars path:nth-child(2), .bar-high .bars path:last-child { opacity: 1; }
.pending .dots { fill: currentColor; stroke: none; animation: pulse 1.4s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: 0.35; } }
/* The widest text lies invisibly under the real one, so the width never changes. */
.text { display: inline-grid; }
.text > * { grid-area: 1 / 1; text-align: center; }
.ghost { visibility: hidden; }
.trend { inline-size: 0.6em; margin-inline-start: -0.2em; text-align: center; font-size: 0.85em; color: var(--_band); }
@media (prefers-reduced-motion: reduce) { .pending .dots { animation: none; } }
@media (forced-colors: active) {
  button[type] { border-color: ButtonText; background: ButtonFace; color: ButtonText; forced-color-adjust: none; }
  button:focus-visible { outline-color: Highlight; }
  svg, .trend { color: ButtonText; }
}
@media print {
  :host([placed][placed]) { display: var(--confidence-badge-print, none); }
  button[type] { border-color: currentColor; background: none; color: inherit; }
}
`;

// A mark takes no room. An empty element within a line takes none, so a mark there stays
// in the flow: thousands of elements out of the flow would slow the layout.
const MARKS = `
finece-mark { margin: 0 !important; padding: 0 !important; user-select: none; }
finece-mark[measured] { position: relative; }
finece-mark[block] { display: block; position: absolute; block-size: 0; }
`;

/** Makes a function that gives a document or a shadow root a style. All of them share one style sheet, which every Content-Security-Policy allows. */
export function styler(css: string): (scope: Document | ShadowRoot) => void {
  let sheet: CSSStyleSheet | undefined;
  return (scope) => {
    if (sheet === undefined) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
    }
    if (!scope.adoptedStyleSheets.includes(sheet)) {
      scope.adoptedStyleSheets.push(sheet);
    }
  };
}

/** Gives a badge's shadow root its style. */
export const adoptStyle = styler(CSS);

const adopt = styler(MARKS);

/** Gives the document or the shadow root that an element is in, if it is in one, the style of marks. */
export function adoptMarks(element: Element): void {
  const scope = element.getRootNode();
  if (scope instanceof Document || scope instanceof ShadowRoot) {
    adopt(scope);
  }
}
