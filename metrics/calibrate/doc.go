// Package calibrate turns confidences into probabilities. A calibration map turns a
// raw confidence in [0,1] into a calibrated one. For example, a model says 0.9, but
// only six in ten of such answers are correct. A good map then turns 0.9 into 0.6.
//
// A map is fitted on answers that were checked; package fit does that. This package applies
// maps, and is small enough for the WebAssembly core.
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
// Logits and logarithms are of p clipped to [Clip, 1-Clip], where Clip is a field of the
// map. Only histogram can reverse the order of two confidences. The other maps keep the
// order, and so AUROC and all other figures about ranking. They can make two confidences
// equal, though: with a slope of 0, by clipping, and by rounding where the map is nearly
// level.
//
// # Bands
//
// A confidence early in an answer is less reliable than one at its end. So a [Calibration]
// has a map for each [Band] of positions: the question, early positions and late ones. A
// position is early if it has fewer tokens before it than a boundary, which the calibration
// contains. The boundary is a number of tokens and not a share, because the length of
// a running stream is not known. So streams and recorded answers have the same bands;
// see [Calibration.Band].
//
// # Support
//
// A map contains the range of the confidences that it was fitted on. A confidence outside
// that range is clamped to it: [Calibration.Apply] returns the value at the nearer end, and
// reports that the confidence was outside.
//
// # Cards
//
// A [Card] describes the labelled answers: the model that gave them, what the
// questions are about, and the positions. If the card does not cover an answer for
// one of the [Disqualifying] reasons, the answer's confidence is not a probability. A
// [Likeness] describes the wording of the questions. If the wording of another
// question differs too much, its confidence is marked but not changed. The mark does
// not say whether the confidence is too high or too low.
//
// # The same bits everywhere
//
// Exp and Log are those of package portable, and no product is fused with a sum. So a
// map gives the same bits natively and in every WebAssembly engine.
package calibrate
