// Package calibrate turns confidences into probabilities that mean what they
// say: a map, fitted on confidences whose answers were checked, from a raw
// confidence in [0,1] to a calibrated one. This package applies maps and is small
// enough for the WebAssembly core; package fit makes them.
//
// # Maps
//
//	identity     p itself
//	temperature  sigmoid(logit(p)/T), T >= 1e-6 (Guo et al. 2017)
//	platt        sigmoid(slope*logit(p) + intercept), slope >= 0 (Platt 1999)
//	beta         sigmoid(a*ln p - b*ln(1-p) + c), a, b >= 0 (Kull, Silva Filho and Flach 2017)
//	isotonic     linear between knots (x, y), both strictly increasing from x = 0
//	             to x = 1: centred isotonic regression (Oron and Flournoy 2017)
//	histogram    one value for each of B bins of equal width, with the edges of
//	             package metrics: (lo, hi], the first closed at 0 (Zadrozny and
//	             Elkan 2001)
//
// Logits and logarithms are of p clipped to [Clip, 1-Clip], with a Clip that the
// map carries. No map but histogram turns an order of confidences around. Ties
// come of slopes of 0, of clipping, which makes one of all confidences up to Clip
// and one of all from 1-Clip up, and of rounding, where a map is nearly level;
// among all others AUROC and everything else about ranking stays as it was.
//
// # Bands
//
// A confidence early in an answer is not as reliable as one at its end, so a
// [Calibration] has a map for each [Band] of positions: the question, early
// positions and late ones. While a stream runs its length is not known, and so
// neither is a token ratio. The rule is therefore the number of tokens before
// the position against a boundary that the calibration carries, the same online
// and offline; see [Calibration.Band].
//
// # Support
//
// A map knows the range of confidences that it was fitted on. Outside of it the
// map is an extrapolation; [Calibration.Apply] says so and gives the value all
// the same.
//
// # The same bits everywhere
//
// Exp and Log are those of package logprob, and no product is fused with a sum,
// so that a map gives the same bits natively and in every WebAssembly engine.
package calibrate
