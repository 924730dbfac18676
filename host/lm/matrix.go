package lm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Gonum's Gemm starts goroutines if a product has at least four tiles of 64 by 64. Smaller
// products are one loop. Products are kept below that size here, for two reasons. The
// forward pass divides whole rows among the cores, so they wait for each other less often.
// And gonum's AXPY kernel is faster on rows of 176 to 192 numbers than on rows of 64.
const (
	rowBlock   = 64  // most rows of a product
	panelWidth = 192 // most columns of a product
	depthBlock = 32  // most terms of a product's sums: 32 by 192 weights stay in the L1 cache
)

// kernel is gonum's own implementation, even if blas32.Use has set another one: the
// determinism that matrix promises is a property of gonum's kernels.
var kernel gonum.Implementation

// matrix has the weights of a linear layer without bias, y = xW. They are stored in panels
// of columns, one panel after the other.
//
// A row of a product does not depend on the other rows. Every element is a sum over the
// inner dimension in order, with one multiplication and one addition per term, for any
// number of rows.
type matrix struct {
	in, out int
	width   int // of a panel; the last may be narrower
	panels  []float32
}

// pack returns a matrix from weights in the layout of torch's Linear: out rows of in
// numbers.
func pack(w []float32, out, in int) matrix {
	n := (out + panelWidth - 1) / panelWidth
	width := min((out+n-1)/n+15, panelWidth) &^ 15 // panels of about the same width, a multiple of 16
	m := matrix{in: in, out: out, width: width, panels: make([]float32, len(w))}
	for j := 0; j < out; j += width {
		panel, cols := m.panel(j)
		for k := range in {
			for c := range cols {
				panel[k*cols+c] = w[(j+c)*in+k]
			}
		}
	}
	return m
}

// panel returns the panel that begins at column j, in rows of cols numbers.
func (m *matrix) panel(j int) (panel []float32, cols int) {
	cols = min(m.width, m.out-j)
	return m.panels[j*m.in : (j+cols)*m.in], cols
}

// mul sets the rows of c to a times m or, if add is true, adds the product to them. lda is
// the distance between rows of a, ldc that between rows of c.
func (m *matrix) mul(rows int, a []float32, lda int, c []float32, ldc int, add bool) {
	for j := 0; j < m.out; j += m.width {
		panel, cols := m.panel(j)
		for k := 0; k < m.in; k += depthBlock {
			depth, beta := min(depthBlock, m.in-k), float32(1)
			if k == 0 && !add {
				beta = 0
			}
			for r := 0; r < rows; r += rowBlock {
				gemm(min(rowBlock, rows-r), cols, depth, a[r*lda+k:], lda, panel[k*cols:], cols, beta, c[r*ldc+j:], ldc)
			}
		}
	}
}

// gemm computes C = AB + beta*C. A has m rows and k columns, B has k rows and n columns.
func gemm(m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernel.Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
}

// gemmT computes C = ABᵀ + beta*C. A has m rows and k columns, B has n rows and k columns.
// An element is a dot product, which gonum's kernel sums in eight parts, with 16 terms per
// round. Zeros after the end of a row of A, up to a multiple of 16, do not change it. So a
// row does not depend on the other rows, and not on how far k is rounded up.
func gemmT(m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernel.Sgemm(blas.NoTrans, blas.Trans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
}
