"""Computes golden.json, by the formulas of the papers and nothing else.

    python3 golden.py > golden.json

Only the standard library is used. Every case has the statistics of a state and
what each estimator has to make of them.
"""

import itertools
import json
import math
import re

NO_ANSWER = -1


def entropy(samples, weight):
    weights = [weight(s["logprobs"]) for s in samples]
    total = math.fsum(weights)
    classes = {}
    for i, (s, w) in enumerate(zip(samples, weights)):
        c = s["class"] if s["class"] != NO_ANSWER else ("none", i)
        classes.setdefault(c, []).append(w / total)
    return -math.fsum(p * math.log(p) for p in map(math.fsum, classes.values()))


def semantic_entropy(samples, weight):
    return 1 - entropy(samples, weight) / math.log(len(samples))


def cocoa(answer, samples, similarity, mean):
    information = -math.fsum(answer["logprobs"])
    if mean:
        information /= len(answer["logprobs"])
    dissimilarity = math.fsum(1 - s for s in similarity) / len(samples)
    return math.exp(-information * dissimilarity)


def same(answer, samples):
    return [float(s["class"] == answer["class"] != NO_ANSWER) for s in samples]


def leco(steps, transition=5):
    """The mean over steps of (average + transition) / 2 / (1 + KL^(1/3))."""
    values = []
    for logprobs in steps:
        p = [math.exp(x) for x in logprobs]
        n = len(p)
        q = [x / math.fsum(p) for x in p]
        kl = math.fsum(x * math.log(x * n) for x in q)
        divergence = math.log(1 + max(kl, 0) ** (1 / 3)) if kl > 1e-12 else 0
        average = math.fsum(p) / n
        first = p[:transition]
        values.append((average + math.fsum(first) / len(first)) / 2 * math.exp(-divergence))
    return math.fsum(values) / len(values)


def consistency(samples):
    counts = {}
    for s in samples:
        if s["class"] != NO_ANSWER:
            counts[s["class"]] = counts.get(s["class"], 0) + 1
    return max(counts.values()) / len(samples)


def state(samples, answer, similarity, steps, verbals, top):
    mean = lambda l: math.exp(math.fsum(l) / len(l))
    whole = lambda l: math.exp(math.fsum(l))
    probabilities = sorted((math.exp(x) for x in top), reverse=True)[:5]
    return {
        "samples": samples,
        "answer": answer,
        "similarity": similarity,
        "steps": steps,
        "verbals": verbals,
        "top": top,
        "want": {
            "self-consistency": consistency(samples),
            "self-consistency at p(z)": sum(same(answer, samples)) / len(samples),
            "se": semantic_entropy(samples, mean),
            "se-sequence": semantic_entropy(samples, whole),
            "se-discrete": semantic_entropy(samples, lambda _: 1),
            "cocoa": cocoa(answer, samples, same(answer, samples), True),
            "cocoa-msp": cocoa(answer, samples, same(answer, samples), False),
            "cocoa-cosine": cocoa(answer, samples, similarity, True),
            "cocoa-msp-cosine": cocoa(answer, samples, similarity, False),
            "leco": leco(steps),
            "ms": math.prod(verbals),
            "ms-mean": math.fsum(verbals) / len(verbals),
            "ms-min": min(verbals),
            "first-prob": math.exp(steps[0][0]),
            "first-prob-top5": probabilities[0] / math.fsum(probabilities),
        },
    }


def sample(c, *logprobs):
    return {"class": c, "logprobs": list(logprobs)}


# SuC


def terms(text):
    return re.findall(r"\w+|[^\w\s]", text.lower())


def unit(v):
    length = math.sqrt(math.fsum(x * x for x in v.values()))
    return {t: x / length for t, x in v.items()} if length else v


def cosine_distance(a, b):
    a, b = unit(a), unit(b)
    return 1 - math.fsum(x * b.get(t, 0) for t, x in a.items())


def suc(train, clusters, merged, asked):
    n = len(train)
    df = {}
    for text, _, _ in train:
        for t in set(terms(text)):
            df[t] = df.get(t, 0) + 1
    idf = {t: math.log((1 + n) / (1 + d)) + 1 for t, d in df.items()}

    def vector(text):
        v = {}
        for t in terms(text):
            if t in idf:
                v[t] = v.get(t, 0) + idf[t]
        return unit(v)

    vectors = [vector(text) for text, _, _ in train]
    groups = [[i] for i in range(n)]
    while len(groups) > merged:  # average linkage, from scratch each time
        def distance(pair):
            a, b = pair
            return math.fsum(cosine_distance(vectors[i], vectors[j]) for i in groups[a] for j in groups[b]) / len(groups[a]) / len(groups[b])
        a, b = min(itertools.combinations(range(len(groups)), 2), key=distance)
        groups[a] += groups.pop(b)
    groups = sorted(groups, key=lambda g: (-len(g), min(g)))[:clusters]
    centroids = []
    for g in groups:
        centroid = {}
        for i in g:
            for t, x in vectors[i].items():
                centroid[t] = centroid.get(t, 0) + x / len(g)
        centroids.append(centroid)

    def nearest(v):
        return min(range(len(centroids)), key=lambda c: cosine_distance(v, centroids[c]))

    counts = [[0, 0] for _ in centroids]
    for v, (_, right, graded) in zip(vectors, train):
        counts[nearest(v)][0] += right
        counts[nearest(v)][1] += graded
    out = []
    for text in asked:
        right, graded = counts[nearest(vector(text))]
        out.append({"question": text, "confidence": right / graded})
    return {
        "train": [{"question": q, "k": k, "n": n} for q, k, n in train],
        "clusters": clusters,
        "groups": merged,
        "want": out,
    }


def sums_and_facts(clusters, merged):
    return suc(
        [
            ("What is 3 + 4?", 9, 10), ("What is 12 + 7?", 8, 10), ("What is 30 + 18?", 7, 10),
            ("What is the capital of France?", 6, 10), ("What is the capital of Peru?", 2, 10),
            ("Who wrote the opera Carmen?", 1, 10), ("Who wrote the opera Fidelio?", 0, 8),
        ],
        clusters,
        merged,
        ["What is 5 + 6?", "What is the capital of Chad?", "Who wrote the opera Tosca?", "capital"],
    )


ln = math.log
golden = {
    "states": {
        # By hand: classes of 2/4, 1/4 and 1/4, so SE = 1.5 ln 2 and 1 - SE/ln 4 = 1/4,
        # since all weights are alike. CoCoA: mean p = 1/4, dissimilarity 1/2: 1/2.
        "by hand": state(
            [sample(0, ln(0.5), ln(0.5)), sample(0, ln(0.5), ln(0.5)), sample(1, ln(0.5), ln(0.5)), sample(2, ln(0.5), ln(0.5))],
            sample(0, ln(0.25), ln(0.25)),
            [1.0, 0.5, 0.25, 0.25],
            [[ln(0.5), ln(0.5)], [ln(0.25)]],
            [0.5, 0.8],
            [ln(0.5), ln(0.25), ln(0.125), ln(0.0625), ln(0.0625)],
        ),
        "uneven": state(
            [sample(3, -0.1, -0.7, -0.02), sample(1, -2.5), sample(3, -0.3, -0.4), sample(NO_ANSWER, -1.0, -3.0), sample(0, -0.9, -0.2, -0.1, -0.05)],
            sample(3, -0.2, -0.6, -0.01, -1.3),
            [0.9, 0.1, 0.7, 0.0, 0.35],
            [[-0.2, -0.6, -0.01, -1.3, -0.4, -0.9, -0.03], [-2.1, -0.2, -0.5]],
            [0.95, 0.7, 0.85],
            [-0.9, -0.4, -2.2, -3.1, -4.0, -6.0],
        ),
        "an answer unlike the others": state(
            [sample(0, -0.1), sample(1, -0.1), sample(NO_ANSWER, -0.2)],
            sample(NO_ANSWER, -0.5, -0.25),
            [0.2, 0.3, 0.4],
            [[-0.5, -0.25]],
            [1.0],
            [-0.01, -5.0, -6.0, -7.0, -8.0],
        ),
    },
    "suc": [sums_and_facts(3, 3), sums_and_facts(2, 4), sums_and_facts(10, 1)],
}

print(json.dumps(golden, indent=1))
