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
// round number: k of 30 is no multiple of a tenth. k and N stand beside it. A
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
// the epoch of the lowest Brier score is kept. What is killed goes on from its
// last checkpoint, to the same model.
//
// A small model was found to learn from the number alone how hard a question is,
// and hardly to see a mistake in an answer, though the generator's own
// log-probabilities tell of it. The idea of three options of ift, which are the
// project's own, is that what a model expected in place of a token is found in its
// last layers, where no later one can compare; what each of them gives was not
// measured by itself. --grow puts layers on the model that change nothing at
// first (depth up-scaling, Kim et al. 2023, arXiv 2312.15166, with new layers in
// place of copies). --prompt-loss has the model go on expecting the text that it
// judges. --surprise has it tell, of each token of the answer, the log-probability
// that it gave it, and the least so far; the linear map that reads this from its
// last hidden state is not kept.
//
// What did not help is a confidence model that knows better. The generator trained
// further on reference solutions (base --model), with three layers more for that,
// gives answers log-probabilities that tell right from wrong with an AUROC of 96.5
// where the generator's own have 93.0 (p(z), 556 held-out answers); a confidence
// model that was made of it by much the same fine-tuning, without layers on top,
// had a Brier score of 0.094 over the states of these, the shipped one 0.093.
//
// The instruction, with which all prompts of a stage begin, is read once a batch.
// --processes has several processes of one machine train together, each with its
// share of every batch: on 2 cores, two of them with one thread each took 1.2 times
// the steps of one with two, for a generator of 1.9 million parameters.
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
