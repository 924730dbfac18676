package lm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Gonum's Gemm goes parallel, in tiles of 64 by 64, where there are four of
// them; below that it is one loop. Products are cut to below that here, as the
// forward pass shares out whole rows among the cores, which needs fewer
// rendezvous, and as rows of 176 to 192 take its AXPY kernel further than rows
// of 64 do.
const (
	rowBlock   = 64  // rows of a product at a time
	panelWidth = 192 // columns of a product at a time, at most
	depthBlock = 32  // of the sum: 32 by 192 weights stay in the first cache
)

// kernel is gonum's own implementation, whatever blas32.Use has been told: the
// determinism that matrix promises is a property of its kernels.
var kernel gonum.Implementation

// matrix is the weights of a linear layer without bias, y = xW, in panels of
// columns that are stored one after the other.
//
// A row of a product does not depend on the other rows: every element is
// summed over the inner dimension in order, one multiplication and one addition
// a term, whatever the number of rows.
type matrix struct {
	in, out int
	width   int // of a panel; the last may be narrower
	panels  []float32
}

// pack makes a matrix of weights in the layout of torch's Linear: out rows of in
// numbers.
func pack(w []float32, out, in int) matrix {
	n := (out + panelWidth - 1) / panelWidth
	width := min((out+n-1)/n+15, panelWidth) &^ 15 // the panels about alike, and whole vectors
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

// panel is the panel that begins at column j, in rows of cols numbers.
func (m *matrix) panel(j int) (panel []float32, cols int) {
	cols = min(m.width, m.out-j)
	return m.panels[j*m.in : (j+cols)*m.in], cols
}

// mul sets the rows of c to those of a times m, or adds them. Rows of a are lda
// apart, rows of c ldc.
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

// gemm is C = AB + beta*C for A of m rows and k columns, B of k rows and n
// columns.
func gemm(m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernel.Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
}

// gemmT is C = ABᵀ + beta*C for A of m rows and k columns, B of n rows and k
// columns. Here an element is a dot product, which gonum's kernel sums in eight
// parts, 16 terms a round; zeros after the end of a row of A, up to a multiple
// of 16, change nothing, so here too a row does not depend on the other rows, nor
// on k.
func gemmT(m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernel.Sgemm(blas.NoTrans, blas.Trans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
}
