/** An answer that was recorded; `record.mjs` makes those of the folder recordings. */
export interface Recording {
  readonly name: string;
  readonly question: string;
  /** Which model wrote it, and where its confidence is from. */
  readonly by: string;
  /** The right answer, and whether the recorded one is right. */
  readonly gold: string;
  readonly right: boolean;
}

const BUILT_IN = "Recorded: a small model for word problems. A confidence model, trained on labelled answers, says how likely the answer is to be right";
const SMOLLM2 = "Recorded: SmolLM2, a language model of 135 million parameters. The certainty is computed from the model's own log-probabilities; it is not calibrated";

/** What can be played, the first one first. */
export const RECORDINGS: readonly Recording[] = [
  {
    name: "bottles", by: BUILT_IN, gold: "6", right: false,
    question: "Emil has 7 boxes with 6 bottles in each. Emil finds 3 more. Emil loses 3 of them. Emil finds 6 more. They are shared by 8 children. How many bottles does each get?",
  },
  {
    name: "shells", by: BUILT_IN, gold: "8", right: true,
    question: "A school has 25 shells. It gets 9 more. It sells 19 of them. It sells 7 of them. It sells 5 of them. It gets 5 more. How many shells does the school have now?",
  },
  { name: "stamps", by: BUILT_IN, gold: "88", right: false, question: "A shop has 110 stamps. Then a fifth of them are sold. How many stamps are there now?" },
  { name: "mumbai", by: SMOLLM2, gold: "India", right: true, question: "In which country lies Mumbai?" },
  { name: "salerno", by: SMOLLM2, gold: "Italy", right: false, question: "In which country lies Salerno?" },
  {
    name: "bakery", by: "Made by hand to show every kind of text. The certainty is computed from log-probabilities; it is not calibrated", gold: "126 euros", right: true,
    question: "A baker sells 48 loaves on Monday and half as many on Tuesday, at 3 euros each. "
      + "She needs 5 kg of flour for every 8 loaves, at 2 euros a kilogram. What is her profit?",
  },
];
