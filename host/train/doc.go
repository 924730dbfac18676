// Package train turns the labels of package construct into training data, and runs the
// trainer that makes a confidence model from them, as FineCE (arXiv 2508.12040) does. It
// also trains the small generator that the project ships.
//
//	// states is a file of finece construct.
//	n, err := train.Export(data, states, train.ExportConfig{Digits: 1, Split: "train"})
//	...
//	trainer := train.Trainer{Log: os.Stderr}
//	err = trainer.Run(ctx, func(r train.Report) { fmt.Println(r.Step, r.Of) },
//		"ift", "--model", "models/base", "--data", "train.jsonl", "--dev", "dev.jsonl", "--out", "models/out")
//
// The command finece train does the same: finece train export, finece train ift.
//
// # Data
//
// [Export] writes states and their labels in one of two layouts: [Alpaca], which
// LLaMA-Factory reads, and [Messages], which TRL and most other trainers read. The prompt
// is exactly the one that package estimate sends to ask for a confidence, so a model is
// trained on what it will be asked.
//
// The reply is the label, with a fixed number of digits. It is rounded up or down at
// random, so the mean of the replies is the label itself. (Labels of k out of 30 are
// seldom multiples of a tenth.) k and N are written, too.
//
// With one digit, a label of 1 is written as 0.99, for the following reason. Package
// estimate reads the expectation of the number over the alternatives to each token. If two
// replies differ in their first token, such as 1.0 and 0.3, only the one that was written
// can be read to its end. An answer that is right with probability 0.6 would be read as 1
// if labels were written as 1.0. With 0.99, it is read as 0.59.
//
// [LLaMAFactory] writes a configuration with the paper's settings: AdamW with
// beta1 0.9 and beta2 0.5, a learning rate of 1e-4 and 300 steps of warm-up.
//
// By default, each state is written once, and a complete answer as often as it was
// sampled. States of construct's pool (construct.Config.Pool) are better written as often
// as sampled answers pass through them (ExportConfig.Answers). The data then contain
// mistakes as often as they occur in use.
//
// # Training
//
// The trainer is python/finece_train.py. It uses Hugging Face's transformers and PEFT, and
// has these commands:
//
//   - tokenizer makes a tokenizer, and base trains a small generator from scratch, or
//     trains another model further.
//   - ift is instruction fine-tuning: the model learns to write the confidence as a number.
//   - value trains a value head: a linear layer on the last hidden state gives the
//     confidence's logit.
//
// ift and value work for models of any size, with all weights or by LoRA. After each epoch
// they report the ECE, AUROC and Brier score of held-out states. Package estimate reads
// the replies ([ReadReplies]), and finece eval computes the figures. The epoch with the
// lowest Brier score is kept. A run that was killed resumes from its last checkpoint and
// gives the same model.
//
// # Options for small models
//
// From the label alone, a small model learns how hard a question is, but seldom sees a
// mistake in an answer. Its own log-probabilities show the mistake, however. To see it, the
// model must compare each token with the token that it expected there. The expected token is
// known in the last layer, at the token before, and no later layer can look there. These
// options, the project's own, are for this problem:
//
//   - --remember (base) adds a loss that makes the last layer keep the token that was just
//     read. Without it, a linear map of that layer recovered 98 of 100 digits. That is too
//     few, because only two tokens of 100 are a surprise.
//   - --grow (ift) adds layers on top of a model. They change nothing at first. (This is
//     depth up-scaling, Kim et al. 2023, arXiv 2312.15166, with new layers instead of
//     copies.) --freeze trains these layers alone. --grown continues with layers that were
//     added before.
//   - --surprise (ift) adds a loss on the new layers. At each token of the answer, a linear
//     map of the last hidden state must give two numbers: the log-probability that the
//     model below gave the token, and the lowest one so far. The first new layer must look
//     at the token before. The linear map is not kept.
//   - --prompt-loss makes a model learn the text of the prompt as well, as a generator does.
//
// Each prompt of a stage begins with the same instruction, which is read once per batch.
// --processes starts several processes on one machine that share every batch. On 2 cores,
// two processes of one thread made 1.2 times as many steps as one process of two threads,
// for a generator of 1.9 million parameters. Products have 16 bits (--bf16) if the
// processor has instructions for them. Emulated products of 16 bits took nine times as
// long as those of 32 bits.
//
// A value head is asked with instruction and input as one text
// (estimate.Model.AppendPrompt), and read at the last token. /pooling of vLLM and of
// package lm make the same tokens of the text: without a chat template, but with the
// special tokens that the tokenizer puts around a text. Llama's tokenizer puts one at the
// beginning; finece's own puts none.
//
// # Measurements
//
// The confidence model that is shipped has three new layers on a solver. The solver is the
// generator, trained further on reference solutions (base --model), also as they are quoted
// in a prompt. On 556 held-out answers, log-probabilities tell right whole answers from
// wrong ones with these AUROCs:
//
//	the generator                               93
//	the solver                                  96
//	the solver, answers quoted in a prompt      95
//
// On the same answers, the confidence models have these figures (AUROC, and the Brier
// score of all states):
//
//	                                            p(1)   p(z-1)   p(z)   Brier score
//	the generator, trained as a whole           85     89       89     0.093
//	three new layers, solver frozen             87     92       92     0.080
//
// If the solver's layers are trained as well, they forget. After 1,500 steps, such a model
// explained more of the variance of the lowest log-probability: 0.83, against 0.79 at the
// end of the frozen training. But these log-probabilities say less about the answers:
// their AUROC was 86, measured on half of the answers.
//
// Further training still helped. On 1,000 held-out states of all positions:
//
//	                                                           AUROC   Brier score
//	after the training above                                   85.4
//	100,000 more lines, 80,000 of which had been seen          87.3    0.137
//	104,702 more lines, of 20,000 other questions              88.4    0.128
//
// The lines of the last row are one of three sampled answers to each question, with its
// states.
//
// # The model that is shipped
//
// model.sh (make model) makes the shipped models from a seed: the corpus of arithmetic word
// problems (package problems), the generator, the labels sampled from it, and the
// confidence models.
//
// open.sh (make open) is an attempt at a question that the paper leaves open: where to
// estimate in answers that can be right in many ways. It trains the shipped models further
// on open-ended questions ([problems.OpenEnded]). All true statements about such a question
// are known, so answers are graded by rule. finece experiment then measures paragraph ends,
// periodic positions, and entropy positions above several thresholds.
//
// make test-train runs a test that needs the Python packages. It trains models of each kind
// from the shipped generator and serves them with package lm. The served confidences must
// be those that the trainer found.
package train
