// Package bci is Backward Confidence Integration: the confidence of an earlier position is
// corrected by the confidences of later positions.
//
// For example, three positions have the confidences 0.5, 0.9 and 0.7. With half of the
// weight on the next position, the first becomes 0.5*0.5 + 0.5*0.9 = 0.7 and the second
// 0.5*0.9 + 0.5*0.7 = 0.8. The last stays at 0.7.
//
// The general rule is Equation 5 of the FineCE paper (arXiv 2508.12040). It has three
// parameters: the revision coefficient a, the fusion width w and the fusion depth d.
// Positions are the nodes of a tree; the children of a node are the next positions of its
// continuations. Write F(j,k) for the confidence of node j, corrected by k steps ahead:
//
//	F(j,0) = Conf(j)
//	F(j,k) = a*Conf(j) + (1-a) * mean of F(c,k-1) over the first w children c of j
//	F(j,k) = Conf(j) if j has no children: an endpoint
//
// The fused confidence of j is F(j,d). Every node looks d steps ahead from itself.
// With d = 0 or w = 0 there is no integration.
//
// The paper leaves two cases open. They are decided here:
//
//   - A node may have fewer than w children. The mean is then over all of them.
//   - An estimate may be missing (pending, or failed). A node without an estimate is
//     skipped: its children become children of its nearest ancestor with an estimate, in
//     the order of the arrays. So on a path, the next estimate replaces a missing one, and
//     no step is lost. A node without an estimate has no fused confidence.
//
// [Fuse] computes a tree and [FusePath] a path. Neither recurses. One sweep from the last
// node to the first computes F(j,k) of all nodes from F(j,k-1), in O(n) for a tree of any
// shape: it adds each node's value to its parent's sum. One sweep is enough if d is at
// least the height of the tree. Otherwise there are d sweeps, or fewer if a sweep changes
// nothing.
//
// [Window] computes a path whose estimates arrive one by one, in any order. It says which
// earlier positions each estimate corrects.
//
// Every product is rounded before it is added, so all engines give the same
// bits, and a value fused from numbers in [0,1] is in [0,1].
package bci
