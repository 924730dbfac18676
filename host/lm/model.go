package lm

// Model is a model in memory: weights, tokenizer and shape. It never changes and is safe
// for concurrent use. An [Engine] runs it.
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

// Config returns the model's shape.
func (m *Model) Config() Config { return m.config }

// Tokenizer returns the model's tokenizer.
func (m *Model) Tokenizer() *Tokenizer { return m.tokenizer }

// Card returns the card of a confidence model as JSON, or nil if its folder has none. The
// card says what the model was trained on.
func (m *Model) Card() []byte { return m.card }

// Parameters returns the number of weights. Those of a tied output layer count once.
func (m *Model) Parameters() int { return m.params }

func (c *Config) queryWidth() int { return c.Heads * c.HeadDim }
func (c *Config) kvWidth() int    { return c.KVHeads * c.HeadDim }
func (c *Config) qkvWidth() int   { return c.queryWidth() + 2*c.kvWidth() }
