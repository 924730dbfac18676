// What the gallery shows: the elements' states, by what they are, and a rendered answer with its positions.

const probability = { calibrated: "", source: "model expectation", model: "finece-1.9m", mapped: "platt" };
const certainty = { source: "perplexity" };

const values = {
  "pending": { state: "pending" },
  "probability, low": { state: "final", value: "0.31", ...probability },
  "probability, medium": { state: "final", value: "0.68", ...probability },
  "probability, high": { state: "final", value: "0.91", ...probability },
  "probability, over 95%": { state: "final", value: "0.985", ...probability },
  "probability, may be revised": { state: "provisional", value: "0.68", first: "0.6", ...probability },
  "probability, revised down": { state: "final", value: "0.62", first: "0.81", ...probability },
  "certainty, low": { state: "final", value: "0.8", ...certainty },
  "certainty, medium": { state: "final", value: "0.87", ...certainty },
  "certainty, high": { state: "provisional", value: "0.95", ...certainty },
  "not available": { state: "unavailable", reason: "no-logprobs" },
};

export const badges = {
  ...values,
  "asks to check": { state: "final", value: "0.31", check: "", ...probability },
  "in German numbers": { state: "final", value: "0.68", locale: "de", ...probability },
  "from right to left": { state: "final", value: "0.68", first: "0.5", dir: "rtl", ...probability },
};

const history = { probability: "0.55 0.6 0.48 0.62 0.7", certainty: "0.83 0.88 0.91 0.86" };
export const chips = Object.fromEntries(Object.entries(values).map(([what, attributes]) => [what, {
  ...attributes, ...(attributes.value === undefined ? {} : { history: `${what.startsWith("p") ? history.probability : history.certainty} ${attributes.value}` }),
}]));

export const sparklines = {
  "rising": { values: "0.2 0.3 0.5 0.8" },
  "one value": { values: "0.6" },
  "with a gap": { values: "0.4 0.5 - 0.7 0.6" },
  "with limits": { values: "0.83 0.86 0.9 0.95", limits: "0.836 0.902" },
  "no value": { values: "" },
};

// An answer as a renderer writes it, with marks; the source is made of the same parts.
const parts = [
  ["p", "The baker sells 48 loaves on Monday and half as many on Tuesday, so 72 loaves in all."],
  ["p", "At 3 euros each she takes 216 euros. This line is long enough that it wraps on a phone, and so its badge has to find a place in a full line of text."],
  ["p", "Flour for 72 loaves is 45 kg, and at 2 euros a kilogram costs 90 euros."],
  ["pre", "216 - 90 = 126"],
  ["p", "Her profit is 126 euros."],
];

export let source = "";
export let answer = "";
const ends = [];
for (const [name, text] of parts) {
  const code = name === "pre";
  const written = code ? `\`\`\`\n${text}\n\`\`\`` : text;
  const start = source.length;
  source += written;
  ends.push(source.length);
  const mark = `<finece-mark start="${String(start)}" end="${String(source.length)}"${code ? " block" : ""}></finece-mark>`;
  answer += code ? `<pre tabindex="0">${text}</pre>${mark}` : `<${name}>${text}${mark}</${name}>`;
  source += "\n\n";
}

const shown = [0.72, 0.44, 0.66, 0.85, 0.68];

/** The answer's positions, or those of an answer without confidences. */
export const positions = (known) => ends.map((utf16, i) => ({
  type: "confidence", choice: 0, index: i + 1, kinds: i === ends.length - 1 ? ["paragraph", "end"] : ["paragraph"], segment: "answer",
  byte: utf16, utf16, token: utf16, ratio: null, entropy: null, approximate: false, revision: 0, calibrated: known,
  ...(known ? { state: "final", raw: shown[i], fused: shown[i], first: [0.6, 0.5, 0.66, 0.7, 0.68][i], reason: null,
    source: { estimator: "model", method: null, basis: "expectation", mass: null, model: "finece-1.9m", map: "platt", band: "late", outside: [] } }
    : { state: "unavailable", raw: null, fused: null, first: null, reason: "no-logprobs", source: null }),
}));

/** Some of the answer's words as tokens with probabilities. */
export const tokens = [...source.matchAll(/\S+/g)].map(({ 0: { length }, index }, i) =>
  ({ start: index, end: index + length, value: [0.99, 0.97, 0.42, 0.95, 0.78, 1][i % 6] }));
