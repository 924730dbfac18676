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
// continuations. Write F(j,k) for the confidence of node j, corrected by the nodes up
// to k steps ahead:
//
//	F(j,0) = Conf(j)
//	F(j,k) = a*Conf(j) + (1-a) * mean of F(c,k-1) over the first w children c of j
//	F(j,k) = Conf(j) if j has no children (j is an endpoint)
//
// The fused confidence of j is F(j,d). Every node looks d steps ahead from itself.
// With d = 0 or w = 0 there is no integration.
//
// The paper leaves two cases open. They are decided here:
//
//   - A node may have fewer than w children. The mean is then over all of them.
//   - An estimate may be missing (pending, or failed). A node without an estimate is
//     skipped: its children become children of its nearest ancestor with an estimate,
//     in the order of their indices. So on a path, the next estimate takes the place
//     of a missing one, and the missing one does not count as a step. A node without
//     an estimate has no fused confidence.
//
// [Fuse] computes a tree and [FusePath] a path. Neither function is recursive. One
// sweep from the last node to the first computes F(j,k) of all nodes from F(j,k-1).
// It adds each node's value to its parent's sum, so it takes O(n) for a tree of any
// shape. One sweep is enough if d is at least the height of the tree. Otherwise there
// are d sweeps, or fewer if a sweep changes nothing.
//
// [Window] computes a path whose estimates arrive one by one, in any order. After
// each estimate it returns the positions whose values changed.
//
// Every product is rounded before it is added. So all WebAssembly engines give the
// same bits, and a value fused from numbers in [0,1] is in [0,1].
package bci
