# Writes guo.json: bins and ECE by the code of Guo et al. 2017 (temperature_scaling,
# class _ECELoss), run on float32 tensors. python guo.py > guo.json
import json
import torch

torch.set_num_threads(1)


def ece(conf, correct, n_bins):
    confidences, accuracies = torch.tensor(conf), torch.tensor(correct).bool()
    bin_boundaries = torch.linspace(0, 1, n_bins + 1)
    total, counts = torch.zeros(1), []
    for bin_lower, bin_upper in zip(bin_boundaries[:-1], bin_boundaries[1:]):
        in_bin = confidences.gt(bin_lower.item()) * confidences.le(bin_upper.item())
        prop_in_bin = in_bin.float().mean()
        counts.append(int(in_bin.sum()))
        if prop_in_bin.item() > 0:
            accuracy_in_bin = accuracies[in_bin].float().mean()
            avg_confidence_in_bin = confidences[in_bin].mean()
            total += torch.abs(avg_confidence_in_bin - accuracy_in_bin) * prop_in_bin
    return {"bins": n_bins, "counts": counts, "ece": total.item()}


cases = [{"name": c["name"], "conf": c["conf"], "correct": c["correct"]} for c in json.load(open("peers.json"))["cases"]]
for n in (10, 15, 30, 100):
    conf = [i / n for i in range(n + 1)] + [1e-50, 1e-300, 0.5]
    cases.append({"name": f"edges of {n}", "conf": conf, "correct": [i * 7 % 3 % 2 for i in range(len(conf))]})
for c in cases:
    c["guo"] = [ece(c["conf"], c["correct"], n) for n in (5, 10, 15, 20, 30, 100)]
made = f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, float32"
print(json.dumps({"made by": made, "cases": cases}))
