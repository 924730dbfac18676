// Package train makes a confidence model of the labels that package construct
// samples, as FineCE (arXiv 2508.12040) does, and the small generator that the
// project ships.
//
// # Data
//
// [Export] writes states with their labels in the two layouts that trainers
// read: [Alpaca], which LLaMA-Factory reads, and [Messages], which TRL and most
// others read. The prompt is the one that package estimate sends when it asks
// for a confidence, to the letter: a model is not asked what it was not taught.
// The reply is the label with so many digits, rounded up or down at random, so
// that the mean of what a model learns to write is the label and not the nearest
// round number: k of 30 is no multiple of a tenth. k and N are written with it. A
// label of 1 is written as 0.99: package estimate reads the expectation of the
// number over the alternatives to each token, and of two replies that differ in
// their first token, 1.0 and 0.3, it sees but one whole. With labels of 1.0, an
// answer of probability 0.6 is read as 1; with 0.99, as 0.59.
//
// [LLaMAFactory] writes a configuration with the paper's settings: AdamW with
// beta1 0.9 and beta2 0.5, a learning rate of 1e-4 and 300 steps of warm-up.
//
// By default each state is written once, and a complete answer as often as it was
// sampled. States of construct's pool
// (construct.Config.Pool) are better written as often as answers pass through
// them (ExportConfig.Answers): the data then has wrong turns as often as they are
// met in use.
//
// # Training
//
// The trainer is python/finece_train.py, on Hugging Face's transformers and PEFT:
// a small generator from scratch, instruction fine-tuning ("ift": the model
// writes the confidence), and the value head ("value": a linear layer gives its
// logit). The last two are for models of any size, with all weights or by LoRA,
// and after each epoch give the ECE, AUROC and Brier score of held-out states, of
// the replies as package estimate reads them ([ReadReplies]) and by finece eval;
// the epoch of the lowest Brier score is kept. A run that was killed resumes from its
// last checkpoint and gives the same model.
//
// A small model was found to learn from the number alone how hard a question is,
// and hardly to see a mistake in an answer, though its own log-probabilities tell
// of it. To see one it has to compare a token with what it expected in its place,
// which is found in its last layer, at the token before, where no later layer can
// look. The options that are for this are the project's own:
//
//   - --remember, of base, has a model still know in its last layer which token it
//     has just read. Without it a linear map could read off 98 of 100 digits there,
//     which is too few where two tokens of 100 are a surprise.
//   - --grow, of ift, puts layers on a model that change nothing at first (depth
//     up-scaling, Kim et al. 2023, arXiv 2312.15166, with new layers instead of
//     copies), and --freeze trains these alone. --grown continues with layers that were
//     added before.
//   - --surprise has the new layers tell, of each token of the answer, the
//     log-probability that the model below them gave it, and the least so far, and
//     has the first of them look at the token before. The linear map that reads
//     this from the last hidden state is not kept.
//   - --prompt-loss has a model learn the text that it is given, too, as a
//     generator does.
//
// The model below knows better than the generator: it is the generator trained
// further on reference solutions (base --model), also as they are quoted in a
// prompt. Its log-probabilities tell right answers from wrong with an AUROC of 96
// at p(z), of 95 where they are quoted, the generator's with 93 (556 held-out
// answers). Of these, the confidence model that was trained as a whole, from the
// generator, had an AUROC of 85 at p(1), 89 at p(z-1) and 89 at p(z); the one with
// this below three layers 87, 92 and 92, and a Brier score over all states of 0.080
// after 0.093. Trained as a whole, the layers below forget: after 1,500 steps
// --surprise was learnt better (0.83 of the variance of the least log-probability,
// 0.79 at the end of the frozen training), but of log-probabilities that told less,
// with an AUROC of 86 (on half of these). It went on learning when the training was
// over: 100,000 lines more, of which 80,000 had been seen, raised the AUROC on 1,000
// held-out states of all positions from 85.4 to 87.3, with a Brier score of 0.137.
// After 104,702 more of 20,000 other questions, one of three answers to each with the
// states on its way, they were 88.4 and 0.128.
//
// The instruction, with which all prompts of a stage begin, is read once a batch.
// --processes has several processes of one machine train together, each with its
// share of every batch: on 2 cores, two of them with one thread each took 1.2 times
// the steps of one with two, for a generator of 1.9 million parameters. Products are
// of 16 bits (--bf16) where the processor has instructions for them: emulated, they
// took nine times as long as those of 32.
//
// A value head is asked with instruction and input as one text
// (estimate.Model.AppendPrompt), at its last token. The text becomes tokens as
// /pooling of vLLM and of package lm make them: with the special tokens that the
// tokenizer puts around a text (the beginning of Llama's; none in finece's own),
// without a chat template.
//
// A tagged test, make test-train, trains models of each kind from the shipped
// generator, serves them by package lm, and wants from there the confidences that
// the trainer found.
//
// # The model that is shipped
//
// model.sh (make model) is the whole way from a seed to weights, for a model that
// learns arithmetic word problems (package problems): the corpus, the generator,
// the labels sampled from it, and the confidence models.
//
// open.sh (make open) is an attempt at a question that the paper leaves open: where
// to estimate in answers that have no one right text. Its models are the shipped
// ones, trained further on open-ended questions ([problems.OpenEnded]). What may be
// said of such a question is known, so that its answers are graded by rule, and
// finece experiment measures them at paragraph ends, periodic positions and entropy
// positions above several thresholds.
package train
