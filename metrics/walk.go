package metrics

// blockGroups is how many groups a walk makes at a time. So few stay in the processor's
// cache.
const blockGroups = 1 << 10

// up walks the tied groups in ascending order, in blocks that are valid during one step.
// If the groups are not made yet, it makes only one block at a time: all groups of ten
// million keys would take 240 MB.
func (s *Sample) up(yield func([]group) bool) {
	if s.groups != nil || len(s.keys) == 0 {
		yield(s.groups)
		return
	}
	memory := s.block()
	defer s.blocks.Store(memory)
	block := memory[:0]
	for at := 0; at < len(s.keys); {
		value, first, right := keyConf(s.keys[at]), at, uint64(0)
		at, right = endOfTie(s.keys, at)
		block = append(block, group{value, right, uint64(at-first) - right})
		if len(block) == cap(block) || at == len(s.keys) {
			if !yield(block) {
				return
			}
			block = block[:0]
		}
	}
}

// block returns memory for a block. A walk gives the memory back at its end, because
// finece.wasm frees nothing.
func (s *Sample) block() *[blockGroups]group {
	if b := s.blocks.Swap(nil); b != nil {
		return b
	}
	return new([blockGroups]group)
}

// down walks from the highest confidence to the lowest. Within a block the groups ascend.
func (s *Sample) down(yield func([]group) bool) {
	if s.groups != nil || len(s.keys) == 0 {
		yield(s.groups)
		return
	}
	block := s.block()
	defer s.blocks.Store(block)
	from := len(block) // block[from:] is filled
	for end := len(s.keys); end > 0; {
		value, last, right := s.keys[end-1]>>1, end, uint64(0)
		for ; end > 0 && s.keys[end-1]>>1 == value; end-- {
			right += s.keys[end-1] & 1
		}
		from--
		block[from] = group{keyConf(s.keys[end]), right, uint64(last-end) - right}
		if from == 0 || end == 0 {
			if !yield(block[from:]) {
				return
			}
			from = len(block)
		}
	}
}
