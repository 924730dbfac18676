// Package bci is Backward Confidence Integration: it revises the confidence of
// an earlier position by those of the positions that follow it.
//
// It is Equation 5 of the FineCE paper (arXiv 2508.12040). With revision
// coefficient a, fusion width w and fusion depth d, write F(j,k) for the
// confidence of j revised by k steps ahead:
//
//	F(j,0) = Conf(j)
//	F(j,k) = a*Conf(j) + (1-a) * mean of F(c,k-1) over the first w children c of j
//	F(j,k) = Conf(j) where j has no children: an endpoint
//
// and the answer for j is F(j,d). Every node looks d steps ahead from itself.
// With d = 0 or w = 0 there is no integration.
//
// The paper leaves two things open, decided here:
//
//   - Where fewer than w children exist, the mean is over those that do.
//   - A missing estimate (pending, or failed) is skipped: the children of j are
//     the nodes with an estimate whose nearest ancestor with one is j, in the
//     order of the arrays. So on a path, the next estimate replaces a missing one
//     and no step is lost. In a tree, the children of a missing node replace it. A
//     missing node has no value itself.
//
// [Fuse] does a tree and [FusePath] a path. Neither recurses: one sweep from the
// last node to the first adds each node's value to its parent's sum, so a level
// of F is a sweep over flat arrays, O(n), for a tree of any shape. No more than
// min(d, height) sweeps are made, one if d is at least the height, and no more
// once a sweep changes nothing.
//
// [Window] does a path whose estimates arrive one by one, in any order, and says
// which earlier positions each of them revises.
//
// Every product is rounded before it is added, so all engines give the same
// bits, and a value fused from numbers in [0,1] is in [0,1].
package bci
