// Package calibration is the JSON form of a calibration, of a card (package calibrate)
// and of a trajectory model (package estimate): what `finece calibrate` writes and every
// engine of the core reads.
//
//	{
//	  "finece_calibration": 1,
//	  "source": "perplexity of qwen2.5-0.5b on GSM8K",
//	  "boundary": 57,
//	  "maps": {
//	    "question": {"method": "temperature", "n": 400, "support": [0.1, 0.9], "clip": 1e-6, "parameters": [1.4]},
//	    "early":    {"method": "platt", "n": 812, "support": [0.2, 1], "clip": 1e-6, "parameters": [0.7, -0.2]},
//	    "late":     {"method": "isotonic", "n": 90, "support": [0.4, 1], "x": [0, 0.4, 1], "y": [0.1, 0.2, 0.9],
//	                 "counts": [30, 30, 60], "lower": [0.1, 0.1, 0.8], "upper": [0.4, 0.4, 0.95]}
//	  },
//	  "card": {"finece_card": 1, "labels": 400, "range": [0.1, 1]},
//	  "report": {}
//	}
//
// "finece_calibration" is the version. "maps" has a map for each of the three
// bands, or one for "all". "parameters" are T of temperature; slope and intercept
// of platt; a, b and c of beta. "y" alone are the values of a histogram's bins.
// "counts" are the outcomes that each y was made from, and "lower" and "upper" the
// ends of a 95% interval of their share. Bins that were merged repeat the numbers.
// Files of earlier versions lack the three keys.
// "report" is how the maps came about; applying them does not need it, and the
// core leaves it unread. "card" may be left out: then the operator who passes the file
// states that it fits their traffic.
//
// # Cards
//
// A card has a file of its own if it is that of a confidence model:
//
//	{
//	  "finece_card": 1,
//	  "name": "confidence", "generator": "qwen2.5-0.5b", "domain": "GSM8K",
//	  "bands": ["question", "early", "late"], "kinds": ["question", "paragraph", "end"],
//	  "conversation": false,
//	  "questions": {"surprisal": "mmj}kc...", "above": 4.25},
//	  "labels": 4800, "range": [0.02, 0.98],
//	  "figures": {"ece": 0.031, "auroc": 0.87}
//	}
//
// "questions" is a calibrate.Likeness. "surprisal" has 1,024 letters from ] to ~;
// finece train card and finece calibrate --seen-questions write it.
// "finece_card" is the version. "labels" is needed; what else is left out is not stated,
// and covers everything. Keys are lower case without exception: some of the
// surroundings rewrite capitals.
//
// # Trajectory models
//
// The file of a trajectory model, estimate.TrajectoryModel:
//
//	{
//	  "finece_trajectory": 1,
//	  "source": "answers.jsonl",
//	  "features": ["mean", "recent", "entropy"],
//	  "center": [0.1, 0.2, 0.3], "scale": [1, 0.5, 0.25],
//	  "boundary": 12,
//	  "parts": {
//	    "early": {"n": 900, "intercept": -0.7, "weights": [-0.5, 0, -0.25]},
//	    "late":  {"n": 850, "intercept": -0.7, "weights": [-0.5, 0, -0.25]},
//	    "end":   {"n": 400, "intercept": -1.5, "weights": [-0.25, -2, 0]}
//	  },
//	  "card": {"finece_card": 1, "labels": 400, "range": [0.02, 0.93]},
//	  "report": {}
//	}
//
// "finece_trajectory" is the version. "center", "scale" and the weights are in the order of
// "features". "boundary" is the number of tokens from which on a position is late. "n" is
// the labelled positions that each part was fitted on. Without a card the confidences are
// not calibrated. "report" is how the model came about, and the core leaves it unread.
package calibration
