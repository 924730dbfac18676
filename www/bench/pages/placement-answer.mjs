// What the pages placement and placement-streamdown share: the answer's text, its positions, and the streaming.
const PARAGRAPHS = 2000;
const WORDS = 40; // a paragraph
const RATE = 200; // tokens a second

const word = (n) => ["the", "baker", "sells", "half", "as", "many", "loaves", "on", "Tuesday"][n % 9];

/** An answer that grows by tokens. A position is found at the end of each paragraph, and revised by the two after it. */
export class Answer {
  text = "";
  paragraphs = [""];
  positions = [];
  #tokens = 0;

  grow(tokens) {
    for (let i = 0; i < tokens; i++) {
      const n = this.#tokens++;
      if (n > 0 && n % WORDS === 0) {
        this.#found();
      }
      const piece = `${n % WORDS === 0 ? "" : " "}${word(n)}`;
      this.text += piece;
      this.paragraphs[this.paragraphs.length - 1] += piece;
    }
  }

  #found() {
    const { positions } = this;
    for (const back of [2, 1]) {
      const at = positions.length - back;
      if (at >= 0) positions[at] = { ...positions[at], fused: 0.5 + 0.04 * (positions.length % 10), revision: positions[at].revision + 1, state: back === 2 ? "final" : "provisional" };
    }
    positions.push({
      type: "confidence", choice: 0, index: positions.length + 1, kinds: ["paragraph"], segment: "answer", byte: this.text.length, utf16: this.text.length,
      token: this.#tokens, ratio: null, entropy: null, approximate: false, state: "provisional", revision: 0, raw: 0.7, fused: 0.7, first: 0.7,
      calibrated: true, source: null, reason: null,
    });
    this.positions = [...positions]; // as a log gives them
    this.text += "\n\n";
    this.paragraphs.push("");
  }
}

/** Defines the page's `prepare` and `stream`. `open` is told whether badges are wanted, and returns a function that shows an answer. */
export function drive(open) {
  // The end stays in sight without a script, which would have to wait for the layout.
  Object.assign(document.body.style, { display: "flex", flexDirection: "column-reverse", overflow: "auto", height: "100vh", margin: 0 });
  const answer = new Answer();
  let show;
  globalThis.prepare = async (badges) => {
    answer.grow(PARAGRAPHS * WORDS);
    show = open(badges);
    show(answer);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  };
  globalThis.stream = (seconds) => new Promise((resolve) => {
    const start = performance.now();
    let drawn = 0, tokens = 0;
    const frame = () => {
      const now = performance.now() - start;
      if (now >= seconds * 1000) {
        resolve({ drawn, shown: document.querySelectorAll("confidence-badge").length });
        return;
      }
      drawn++;
      const due = Math.floor(now / 1000 * RATE);
      answer.grow(due - tokens);
      tokens = due;
      show(answer);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}
