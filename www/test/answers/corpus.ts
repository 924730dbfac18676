// Answers in Markdown whose every word is there once, so that a place in what was
// rendered is a place in the source. In the templates `@` stands for a new word,
// and what is between ⟦ and ⟧ has no inner places: code and formulas.

/** An answer, its words and its parts without inner places, by their offsets in UTF-16 code units. */
export interface Answer {
  readonly name: string;
  readonly text: string;
  readonly words: readonly { readonly word: string; readonly start: number; readonly end: number }[];
  readonly whole: readonly { readonly start: number; readonly end: number }[];
}

const PLAIN: Record<string, string> = {
  "one paragraph": "@ @ @ @, @ @.",
  "paragraphs": "@ @ @.\n\n@ @ @ @ @.\n\n@ @.\n\n@ @ @.",
  "long lines": `${"@ ".repeat(60).trim()}.\n\n${"@ ".repeat(45).trim()}.`,
  "soft breaks": "@ @\n@ @ @\n@.\n\n@ @  \n@ @\\\n@ @.",
  "emphasis": "@ **@ @** @ *@*, ***@ @*** ~~@~~ @.\n\n**@ @**\n\n*@* @ __@ @__ _@_.",
  "links": "@ [@ @](https://example.com/a-b_c?d=e) @ <https://example.com> @.\n\n[@](https://example.com \"with a title\"), @ ![an image](data:image/gif;base64,R0lGODlhAQABAAAAACw=) @.",
  "entities and escapes": "@ &amp; @ &lt;@&gt; \\*@\\* @ &copy; @ 1 \\< 2 @ \\_@\\_.\n\n@ & @ < @ > @.",
  "code spans": "@ ⟦`@ @`⟧ @ ⟦``@ ` @``⟧, @ ⟦`@`⟧.\n\n⟦`@`⟧ @ @.",
  "headings": "# @ @\n\n@ @ @.\n\n## @ *@* @\n\n@ @.\n\n### @\n\n@ @ ⟦`@`⟧.\n\n@ @\n===\n\n@ @.",
  "tight list": "@ @:\n\n- @ @\n- @ @ @\n- @\n\n@ @.",
  "loose list": "@ @:\n\n- @ @\n\n  @ @ @\n\n- @ @\n\n@ @.",
  "nested list": "- @ @\n  - @ @\n    - @ @ @\n  - @\n- @ @\n\n@ @ @.",
  "ordered list": "1. @ @\n2. @ @ @\n   - @ @\n   - @\n10. @ @\n\n@ @.",
  "task list": "- [ ] @ @\n- [x] @ @ @\n\n@ @.",
  "list with code": "1. @ @:\n\n   ⟦```js\n   @ @\n   ```⟧\n\n2. @ @\n\n@ @.",
  "table": "@ @:\n\n| @ | @ |\n|---|--:|\n| @ @ | @ |\n| @ | @ @ @ |\n\n@ @.",
  "table without outer pipes": "@ | @\n--- | ---\n@ @ | @\n@ | **@ @**\n\n@ @.",
  "table with pipes in it": "| @ | @ |\n|---|---|\n| @ \\| @ | @ |\n| ⟦`@`⟧ | [@](https://example.com/x) |\n\n@.",
  "fence": "@ @:\n\n⟦```js\n@ @;\n\n@;\n```⟧\n\n@ @ @.",
  "two fences": "⟦```\n@ @\n```⟧\n\n⟦~~~py\n@ @\n~~~⟧\n\n@ @.",
  "fence at the end": "@ @ @.\n\n⟦```\n@\n@ @\n```⟧",
  "quote": "@ @:\n\n> @ @ @\n> @ @\n>\n> @ @.\n\n@ @.",
  "nested quote": "> @ @\n>\n> > @ @ @\n>\n> - @ @\n> - @\n\n@ @.",
  "rule": "@ @.\n\n---\n\n@ @ @.\n\n***\n\n@.",
  "inline formula": "@ ⟦$\\text{@} + \\text{@}$⟧ @ @ ⟦$\\sqrt{\\text{@}}$⟧.\n\n@ @ ⟦$\\text{@}$⟧ @.",
  "display formula": "@ @:\n\n⟦$$\n\\text{@} = \\text{@}\n$$⟧\n\n@ @ @.\n\n⟦$$\n\\sum_{i} \\text{@}\n$$⟧\n\n@ @.",
  "footnotes": "@ @[^1] @ @.\n\n@ @ @[^b].\n\n[^1]: @ @ @.\n\n[^b]: @ @.\n\n@ @ @.",
  "footnotes at the end": "@ @[^1] @.\n\n@ @[^2] @.\n\n[^1]: @ @.\n[^2]: @ @ @.",
  "Chinese": "@数学@的答案是@。所以@，而@。\n\n- @第一@\n- @第二@的@\n\n**@重点@**：@。",
  "Japanese": "@答えは@です。「@」と@。\n\n## @見出し@\n\n@それは@、@でした。",
  "Arabic": "@ الجواب @ هو @ لأن @.\n\n- @ أولا @\n- @ ثانيا @\n\n@ ثم **@ @** في @.",
  "Hebrew and English": "@ התשובה @ היא @.\n\n@ word @ שלום @ end @.",
  "emoji": "@ 👩‍👩‍👧 @ 🎯 @ 👍🏽 @.\n\n## @ 🧪 @\n\n- @ ✅ @ 🇪🇺 @\n- @ ❌ @.",
  "repeated words": "@ is the @. It @ is the @.\n\n@ the same @.\n\n@ the same @.",
  "numbers": "@ 1 + 1 = @, 2 * 3 * 4 = @, 5 ** 6 @.\n\n1. @ 1 @\n2. @ 2 @\n\n@ < 4 @ > @.",
};

const MIXED: Record<string, readonly string[]> = {
  "a worked problem": ["headings", "paragraphs", "inline formula", "display formula", "ordered list", "table"],
  "a program": ["paragraphs", "fence", "tight list", "code spans", "list with code", "fence at the end"],
  "a report": ["headings", "table", "quote", "nested list", "links", "rule", "emphasis"],
  "many scripts": ["Chinese", "Arabic", "emoji", "Japanese", "Hebrew and English", "paragraphs"],
  "formulas everywhere": ["inline formula", "display formula", "table", "inline formula", "tight list", "display formula"],
  "lists of all kinds": ["tight list", "paragraphs", "loose list", "paragraphs", "ordered list", "paragraphs", "task list"],
  "tables of all kinds": ["table", "table without outer pipes", "table with pipes in it", "paragraphs"],
  "quotes and code": ["quote", "two fences", "nested quote", "soft breaks", "entities and escapes"],
  "with footnotes": ["paragraphs", "table", "footnotes", "display formula"],
  "short and long": ["one paragraph", "long lines", "numbers", "repeated words"],
};

/** All answers: each template, those that chats mix, and some of both with CR LF. */
export function answers(): Answer[] {
  const templates = { ...PLAIN, ...Object.fromEntries(Object.entries(MIXED).map(([name, parts]) =>
    [name, parts.map((part) => PLAIN[part] ?? "").join("\n\n")])) };
  const windows = ["paragraphs", "soft breaks", "nested list", "table", "fence", "quote", "display formula", "a program", "a report", "footnotes",
    "many scripts", "entities and escapes", "loose list", "headings", "task list"];
  return [
    ...Object.entries(templates).map(([name, template]) => fill(name, template)),
    ...windows.map((name) => fill(`${name}, CR LF`, (templates[name] ?? "").replaceAll("\n", "\r\n"))),
  ];
}

function fill(name: string, template: string): Answer {
  const words: { word: string; start: number; end: number }[] = [];
  const whole: { start: number; end: number }[] = [];
  let text = "", opened = 0;
  for (const character of template) {
    if (character === "@") {
      const word = `w${String(words.length)}z`;
      words.push({ word, start: text.length, end: text.length + word.length });
      text += word;
    } else if (character === "⟦") {
      opened = text.length;
    } else if (character === "⟧") {
      whole.push({ start: opened, end: text.length });
    } else {
      text += character;
    }
  }
  return { name, text, words, whole };
}
