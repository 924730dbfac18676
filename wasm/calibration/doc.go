// Package calibration reads and writes the JSON form of a calibration, of a card (package
// calibrate) and of a trajectory model (package estimate). `finece calibrate` writes such a
// file, and every engine of the core reads it:
//
//		{
//		  "finece_calibration": 1,
//		  "source": "perplexity of qwen2.5-0.5b on GSM8K",
//		  "boundary": 57,
//		  "maps": {
//		    "question": {"method": "temperature", "n": 400, "support": [0.1, 0.9], "clip": 1e-6, "parameters": [1.4]},
//		    "early":    {"method": "platt", "n": 812, "support": [0.2, 1], "clip": 1e-6, "parameters": [0.7, -0.2]},
//		    "late":     {"method": "isotonic", "n": 90, "support": [0.4, 1], "x": [0, 0.4, 1], "y": [0.1, 0.2, 0.9],
//		                 "counts": [30, 30, 60], "lower": [0.1, 0.1, 0.8], "upper": [0.4, 0.4, 0.95]}
//		  },
//		  "card": {"finece_card": 1, "labels": 400, "range": [0.1, 1]},
//		  "report": {}
//		}
//
//	  - "finece_calibration" is the version.
//	  - "maps" has a map for each of the three bands, or one map for "all".
//	  - "parameters" are T of temperature; slope and intercept of platt; a, b and c of beta.
//	  - "x" and "y" are the knots of isotonic. A histogram has only "y", the values of its bins.
//	  - "counts" has the number of outcomes for each y, "lower" and "upper" the ends of a 95%
//	    interval of the share of correct ones. Merged bins repeat the numbers. Files of earlier
//	    versions do not have these three keys.
//	  - "card" may be left out. The operator who passes the file then states that it fits their
//	    traffic.
//	  - "report" says how the maps were made. The core does not read it.
//
// # Cards
//
// The card of a confidence model has a file of its own:
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
// "finece_card" is the version. "labels" is required. Any other key may be left out; the card
// then covers everything in this respect. "questions" is a calibrate.Likeness, written by
// finece train card and finece calibrate --seen-questions. Its "surprisal" has 1,024
// characters from ] to ~. All keys are in lower case, because some configuration systems
// change capitals.
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
// "finece_trajectory" is the version. "center", "scale" and "weights" are in the order of
// "features". A position is late if "boundary" or more tokens are before it. "n" is the number
// of labelled positions that a part was fitted on. Without a card, the confidences are not
// calibrated. "report" says how the model was made. The core does not read it.
package calibration
