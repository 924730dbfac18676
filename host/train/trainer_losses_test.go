//go:build train

package train_test

import "os/exec"

// holds checks parts of the trainer. A batch has one instruction. The tokens found as the
// answer are those that are quoted. Reading the instruction once gives the gradients of
// whole texts. New layers on a model change nothing.
const holds = `
import sys
sys.path.insert(0, "python")
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
import finece_data, finece_fit, finece_losses

generator, data = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(generator)
model = AutoModelForCausalLM.from_pretrained(generator, dtype=torch.float32, attn_implementation="eager")
lines = list(finece_data.read_lines(data))
rows = finece_data.Replies(lines, tokenizer, 512)
quoted = 0
for i, line in enumerate(lines):
    found = finece_data.ANSWER.search(finece_data.messages_of(line)[1]["content"])
    span = rows.answers[i]
    assert tokenizer.decode(rows.row(i)[span.start:span.stop]) == (found.group(2) if found else ""), line
    quoted += bool(found)
assert quoted > len(lines) / 2, quoted

batches = finece_data.ByLength(rows, 8, 1).batches(0)
assert sorted(j for b in batches for j in b) == list(range(len(rows)))
assert len(finece_data.ByLength(rows, 8, 1)) == len(batches)
assert all(len({rows.groups[j] for j in b}) == 1 for b in batches)

text = torch.tensor([rows.row(0).tolist()])
before = model(input_ids=text).logits
new = finece_fit.grow(model, 2)
assert torch.equal(model(input_ids=text).logits, before)
for p in model.parameters():  # now they are to do something
    p.data += 0.01 * torch.randn_like(p)

class options:
    bf16, weights = False, finece_losses.Weights(prompt=0.3, surprise=1.0, remember=1.0)
    watched = finece_losses.Watched(new)

model.surprise = torch.nn.Linear(model.config.hidden_size, 2)
model.remember = torch.nn.Linear(model.config.hidden_size, len(tokenizer))
collate = finece_data.collator(tokenizer.pad_token_id)
once = finece_losses.without_shared_prefix
begun = []

def shared(model, ids, needed):
    rest, left = once(model, ids, needed)
    begun.append(left)
    return rest, left

# The last batch is one text eight times: its texts share more than the instruction.
for b in [b for b in batches if len(b) == 8][:4] + [[0] * 8]:
    inputs = collate([rows[j] for j in b])
    found = []
    for way in shared, lambda model, ids, needed: ({"input_ids": ids}, 0):
        finece_losses.without_shared_prefix = way
        model.zero_grad()
        loss = finece_fit.FineceTrainer.compute_loss(options, model, inputs)
        loss.backward()
        found.append([loss.detach()] + [p.grad.clone() for p in model.parameters() if p.grad is not None])
    for x, y in zip(*found):
        assert (x - y).abs().max() <= 1e-4 * y.abs().max() + 1e-7, (x - y).abs().max()
assert len(begun) == 5 and min(begun) >= 64, begun

back = torch.zeros(1, 2, 5, 9)  # four tokens were read before these five
back[:, :, range(5), range(3, 8)] = 1
answer = torch.tensor([[False, True, True, True, False]])
assert finece_losses.look_back_loss(back, answer) == 0
assert finece_losses.look_back_loss(back[:, :, :, 4:][:, :, 1:, 1:], answer[:, 1:]) == 0  # none was
assert finece_losses.look_back_loss(back.roll(1, -1), answer) > 10

values = finece_data.Values(lines, tokenizer, 512)
head = AutoModelForSequenceClassification.from_pretrained(generator, dtype=torch.float32, attn_implementation="eager", num_labels=1)
head.config.pad_token_id = tokenizer.pad_token_id
for b in [b for b in finece_data.ByLength(values, 8, 1).batches(0) if len(b) == 8][:2] + [[0] * 8]:
    inputs = collate([values[j] for j in b])
    found = []
    for way in shared, lambda model, ids, needed: ({"input_ids": ids}, 0):
        finece_losses.without_shared_prefix = way
        found.append(finece_fit.FineceTrainer.compute_loss(options, head, inputs).item())
    assert abs(found[0] - found[1]) < 1e-5, found
assert len(begun) == 8 and min(begun) >= 64, begun
`

func lossesHold(w *workshop, generator, data string) {
	if out, err := exec.Command(w.python, "-c", holds, generator, data).CombinedOutput(); err != nil {
		w.Fatalf("%v: %s", err, out)
	}
}
