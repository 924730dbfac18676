package lm

// Model is a model in memory: its weights, its tokenizer, its shape. It does not
// change and is safe for concurrent use; an [Engine] runs it.
type Model struct {
	config    Config
	tokenizer *Tokenizer
	embedding []float32 // Vocab rows of Hidden
	layers    []layer
	norm      []float32 // before the output layer
	output    matrix    // Hidden to Vocab, or to 1 for a value head
	params    int
	card      []byte // JSON; nil if the folder has none
}

type layer struct {
	attentionNorm []float32
	qkv           matrix // Hidden to the queries, keys and values of all heads
	attentionOut  matrix
	mlpNorm       []float32
	gateUp        matrix // Hidden to twice Intermediate
	down          matrix
}

// Config is the model's shape.
func (m *Model) Config() Config { return m.config }

// Tokenizer is the model's tokenizer.
func (m *Model) Tokenizer() *Tokenizer { return m.tokenizer }

// Card is the card of a confidence model as JSON, which says what it was trained on; nil
// if its folder has none.
func (m *Model) Card() []byte { return m.card }

// Parameters is the number of weights, those of a tied output layer counted
// once.
func (m *Model) Parameters() int { return m.params }

func (c *Config) queryWidth() int { return c.Heads * c.HeadDim }
func (c *Config) kvWidth() int    { return c.KVHeads * c.HeadDim }
func (c *Config) qkvWidth() int   { return c.queryWidth() + 2*c.kvWidth() }
