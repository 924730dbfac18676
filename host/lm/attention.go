package lm

// attend computes the attention of the rows from begin to end (at most attentionRows) in
// one layer: softmax(qK/sqrt(HeadDim))V over the positions up to each row's own.
//
// The products are computed page by page. Rows with the same page at the same place share
// one product. The completions of a prompt share its pages, and so do the rows of a prompt.
func (s *stepper) attend(w *worker, index, begin, end int) {
	c := &s.m.config
	rows := s.rows[begin:end]
	longest := 0
	for i := range rows {
		longest = max(longest, rows[i].position+1)
	}
	stride := pagesFor(longest) * pageTokens
	width, d, kv := c.qkvWidth(), c.HeadDim, c.kvWidth()
	keys, group := index*2*kv*pageTokens, c.Heads/c.KVHeads
	values := keys + kv*pageTokens
	for h := range c.Heads {
		block := (h / group) * d * pageTokens
		q := s.qkv[begin*width+h*d:]
		for at := 0; at < longest; at += pageTokens {
			for i := 0; i < len(rows); {
				n, used := run(rows, i, at)
				if used > 0 {
					data := rows[i].pages[at/pageTokens].data[keys+block:]
					gemm(n, used, d, q[i*width:], width, data, pageTokens, 0, w.scores[i*stride+at:], stride)
				}
				i += n
			}
		}
		for i := range rows {
			n := rows[i].position + 1
			scores := w.scores[i*stride : i*stride+pagesFor(n)*pageTokens]
			w.inverse[i] = 1 / expAll(scores[:n], 1)
			clear(scores[n:]) // scores of later positions, computed for another row of the same page
		}
		out := s.att[begin*c.queryWidth()+h*d:]
		for at := 0; at < longest; at += pageTokens {
			beta := float32(1)
			if at == 0 {
				beta = 0
			}
			for i := 0; i < len(rows); {
				n, used := run(rows, i, at)
				if used > 0 {
					data := rows[i].pages[at/pageTokens].data[values+block:]
					gemmT(n, d, used, w.scores[i*stride+at:], stride, data, pageTokens, beta, out[i*c.queryWidth():], c.queryWidth())
				}
				i += n
			}
		}
		for i := range rows {
			o := out[i*c.queryWidth():]
			for j, f := range o[:d] {
				o[j] = f * w.inverse[i]
			}
		}
	}
}

// run returns the number n of rows from i on that have the same page at position at, and
// how many positions of that page are used. used is 0 for a row that ends before the page.
func run(rows []row, i, at int) (n, used int) {
	if rows[i].position < at {
		return 1, 0
	}
	shared := rows[i].pages[at/pageTokens]
	for n = 0; i+n < len(rows); n++ {
		r := &rows[i+n]
		if r.position < at || r.pages[at/pageTokens] != shared {
			break
		}
		used = max(used, min(r.position+1-at, pageTokens))
	}
	// Rounded up to whole rounds of the kernels' loops. attend clears the surplus.
	return n, (used + 15) &^ 15
}
