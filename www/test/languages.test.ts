import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { ENGLISH, type Words, showConfidences, speak, wordsFor } from "finece/badge";
import { openModule, skip } from "./badge-support.js";
import { until } from "./support.js";

const names = readdirSync(new URL("../dist/lang/", import.meta.url)).filter((name) => name.endsWith(".js")).map((name) => name.slice(0, -3));
const languages = await Promise.all(names.map(async (name) => {
  const [words] = Object.values(await import(`finece/lang/${name}`) as Record<string, Words>);
  return [name, words ?? assert.fail()] as const;
}));

/** All texts of a language by their path; functions are called with arguments that can be found again. */
function textsOf(words: object, path = ""): Record<string, string> {
  return Object.assign({}, ...Object.entries(words).map(([key, value]: [string, unknown]) => {
    const name = `${path}${key}`;
    return typeof value === "string" ? { [name]: value }
      : typeof value === "function" ? { [name]: (value as (...args: unknown[]) => string)(...(name === "toCheck" ? [3, 7] : ["<1>", "<2>"])) }
      : textsOf(value as object, `${name}.`);
  })) as Record<string, string>;
}

test("eight languages have every text, of their own, with the numbers in it", () => {
  assert.deepEqual(names.sort(), ["ar", "de", "es", "fr", "it", "ja", "pt", "zh"]);
  const english = textsOf(ENGLISH);
  for (const [name, words] of languages) {
    assert.equal(words.lang, name);
    const texts = textsOf(words);
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort(), name);
    for (const [key, text] of Object.entries(texts)) {
      assert.ok(text.trim() !== "", `${name} ${key}`);
      assert.ok(text !== english[key] || key.endsWith("Mark"), `${name} ${key} is English: ${text}`);
      for (const argument of english[key]?.match(/<\d>/g) ?? []) {
        assert.ok(text.includes(argument), `${name} ${key} lacks ${argument}: ${text}`);
      }
    }
    const without = words.model("");
    assert.ok(without !== words.model("judge-1") && !without.includes("undefined"), name);
    assert.ok(!words.calibrated("4%", undefined).includes("undefined"), name);
  }
});

test("counts follow each language's plural rules and digits", () => {
  for (const [name, words] of languages) {
    const forms = new Map<string, Set<string>>();
    for (let n = 0; n < 130; n++) {
      const text = words.toCheck(n, 999_999).replace(new Intl.NumberFormat(name).format(999_999), "ALL");
      assert.doesNotMatch(text, /[#@]/);
      const rule = new Intl.PluralRules(name).select(n);
      const shape = text.replaceAll(new Intl.NumberFormat(name).format(n), "N");
      forms.set(rule, (forms.get(rule) ?? new Set()).add(shape));
    }
    for (const [rule, shapes] of forms) {
      assert.equal(shapes.size, 1, `${name} ${rule}: ${[...shapes].join(" | ")}`);
    }
  }
  const of = (name: string): Words => languages.find(([tag]) => tag === name)?.[1] ?? assert.fail();
  assert.equal(of("de").toCheck(1, 12), "1 von 12 Teilen sollte geprüft werden.");
  assert.equal(of("de").toCheck(1200, 12000), "1.200 von 12.000 Teilen sollten geprüft werden.");
  assert.equal(new Set([1, 2, 3, 11, 100].map((n) => of("ar").toCheck(n, 200).replace(/[\d\u0660-\u0669]+/g, "N"))).size, 5);
});

test("a language is found by its tag and by its regions, and else it is English", () => {
  speak(...languages.map(([, words]) => words));
  assert.equal(wordsFor("de-AT").lang, "de");
  assert.equal(wordsFor("zh-Hans-CN").lang, "zh");
  assert.equal(wordsFor("nl").lang, "en");
  assert.equal(typeof showConfidences, "function");
});

test("elements speak the language of the page around them, or words of their own", { skip }, async (t) => {
  const page = await openModule(t, `
    import { AnswerChip, speak } from "finece/badge";
    import { german } from "finece/lang/de";
    import { arabic } from "finece/lang/ar";
    speak(german, arabic);
    AnswerChip.define();
    document.querySelector("#own").words = { answer: { ...german.answer, check: "Look here" } };`,
  ["de", "ar", "en"].map((lang) => `<div lang="${lang}" dir="${lang === "ar" ? "rtl" : "ltr"}"><finece-chip state="final" value="0.68" calibrated source="model expectation"></finece-chip></div>`).join("")
    + `<finece-chip id="own" state="final" value="0.2" calibrated></finece-chip>`);
  const said = page.locator("finece-chip .said");
  await until("the words", async () => await said.count() === 4);
  assert.deepEqual(await said.allInnerTexts(), [
    "Etwa 7 von 10 Antworten wie dieser sind richtig", `نحو ${new Intl.NumberFormat("ar").format(7)} من كل ${new Intl.NumberFormat("ar").format(10)} إجابات كهذه صحيحة`,
    "About 7 in 10 answers like this are right", "Look here",
  ]);
  await page.locator("finece-chip").first().getByRole("button").first().click();
  assert.match((await page.locator(".panel.open").innerText()).replaceAll("\u00a0", " "), /waren 68 % richtig[\s\S]*Geschätzt von einem Konfidenzmodell/);
});
