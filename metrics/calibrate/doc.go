// Package calibrate turns confidences into probabilities. A map takes a raw
// confidence in [0,1] to a calibrated one; it is fitted on confidences of answers
// that were checked. This package applies maps, and is small enough for the
// WebAssembly core. Package fit makes them.
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
// Logits and logarithms are of p clipped to [Clip, 1-Clip]; the map has its Clip.
// Only histogram can reverse the order of two confidences. The others can make them
// equal: with a slope of 0, by clipping, and by rounding where the map is nearly
// level. Otherwise AUROC and all other figures about ranking stay as they were.
//
// # Bands
//
// A confidence early in an answer is not as reliable as one at its end. So a
// [Calibration] has a map for each [Band] of positions: the question, early
// positions and late ones. The token ratio is unknown while a stream runs, because
// its length is. So the number of tokens before the position decides, compared with
// a boundary that the calibration has. It is the same online and offline; see
// [Calibration.Band].
//
// # Support
//
// A map knows the range of confidences that it was fitted on. A confidence outside of
// that range is clamped to it: [Calibration.Apply] gives the value of the nearer end, and
// reports that it is outside.
//
// # Cards
//
// A [Card] says what the labelled answers cover: whose answers they are, what the
// questions are about, which positions. A confidence that lies outside of that in one of
// the [Disqualifying] ways is no probability. A [Likeness] says what the questions read
// like. A confidence about a question that reads unlike them is marked, and is not changed:
// the mark does not say whether the confidence is too high or too low.
//
// # The same bits everywhere
//
// Exp and Log are those of package portable, and no product is fused with a sum. So a
// map gives the same bits natively and in every WebAssembly engine.
package calibrate
