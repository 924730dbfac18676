import { styler } from "./style.js";

// The details' style, which comes with them when they are first opened.
const CSS = `
.panel {
  position: fixed;
  inset: auto;
  z-index: 1000;
  box-sizing: border-box;
  inline-size: max-content;
  max-inline-size: min(23rem, calc(100vw - 16px));
  margin: 0;
  padding: 0.85rem 1rem;
  border: 1px solid var(--_edge);
  border-radius: 0.75rem;
  background: var(--_surface);
  color: var(--_text);
  box-shadow: 0 8px 28px rgb(0 0 0 / 0.18);
  font-size: 0.8125rem;
  font-weight: 400;
  line-height: 1.5;
  white-space: normal;
  text-align: start;
}
.panel:not([popover]) { display: none; }
.panel.open { display: block; }
.panel p { margin: 0.5em 0 0; }
.panel .title { margin: 0; font-size: 0.9375rem; font-weight: 600; }
.panel .note { color: color-mix(in srgb, var(--_text) 78%, var(--_surface)); }
.panel [hidden] { display: none; }
.panel { overflow-y: auto; overscroll-behavior: contain; }
.panel .heading:empty { display: none; }
.panel .heading { font-weight: 600; }
.panel .rows { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.15rem; margin: 0.4em -0.4rem 0; padding: 0; list-style: none; }
.panel li { display: flex; align-items: center; gap: 0.4rem; content-visibility: auto; contain-intrinsic-block-size: auto 2rem; }
.panel :is(.row, .action) {
  all: unset;
  box-sizing: border-box;
  min-block-size: 1.75rem;
  padding: 0.2rem 0.4rem;
  border-radius: 0.4rem;
  cursor: pointer;
}
.panel button::after { content: none; }
.panel .row { flex: 1; display: flex; justify-content: space-between; gap: 1rem; min-inline-size: 0; }
.panel .excerpt { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.panel .value { flex: none; font-variant-numeric: tabular-nums; }
.panel .check .value { color: var(--_low); font-weight: 600; }
.panel .action { border: 1px solid var(--_edge); white-space: nowrap; }
.panel .actions { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-block-start: 0.7rem; }
.panel li .action { flex: none; min-inline-size: 1.75rem; text-align: center; }
.panel :is(.row, .action):hover { background: color-mix(in srgb, var(--_text) 8%, var(--_surface)); }
.panel :is(.row, .action):focus-visible { outline: 2px solid var(--confidence-badge-focus, light-dark(#1a5fd0, #8ab4ff)); outline-offset: -2px; }
@media (forced-colors: active) {
  .panel { border-color: CanvasText; background: Canvas; color: CanvasText; }
  .panel :is(.note, .check .value) { color: CanvasText; }
  .panel :is(.row, .action):focus-visible { outline-color: Highlight; }
}
@media print { .panel { display: none !important; } }
`;

/** Gives a shadow root the style of details. */
export const adoptPanelStyle = styler(CSS);
