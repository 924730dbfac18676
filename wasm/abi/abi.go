// Package abi is the binary interface between finece.wasm and its host: the exported
// functions, their answers, and the bytes of events and evaluations. The numbers of names,
// such as those of states and reasons, are in package contract.
//
// For example, a host passes the bytes "data:" of a stream to the core:
//
//	at := finece_input(5)      // the address of at least 5 bytes
//	copy(memory[at:], "data:")
//	answer := finece_write(5)  // the address of the answer
//
// # Calls
//
// The module imports nothing. It exports its memory and the functions in [Functions]. It is a
// reactor: call _initialize once before any other function. An instance has at most one
// session. finece_open ends the previous session, frees all its memory and starts a new one.
// The instance then answers like a fresh one, at about half the cost.
//
// Bytes go in through the input buffer. finece_input(size) returns the address of at least
// size bytes, or 0 if size is over [MaxPairs]. Write the bytes there. Then call the function
// that takes their number.
//
// After the next call, the address and any view of the memory are invalid, because the memory
// may have grown.
//
// finece_abi returns [Version]. All other functions return the address of an answer. All
// numbers are little-endian:
//
//	0  u32  status, one of the Status constants; 0 is OK
//	4  u32  length of the bytes after this header
//	8  ...  for StatusOK the payload, otherwise a message in UTF-8
//
// An answer is valid until the next call. After a trap, drop the instance: its state is
// unknown, but it would still answer.
//
// # Events
//
// The payload of open, write, end, resolve and fail is a sequence of records, one for each
// session.Event. The size of a record is a multiple of 8 bytes. Every record begins with
//
//	 0  u32  size of the record in bytes, this header included
//	 4  u8   kind, a session.EventKind
//	 5  u8   choice
//	 6  u8   a, see below
//	 7  u8   b, see below
//	 8  u32  index of the position, for Positioned, Ask and Confidence
//	12  u32  revision for Confidence, id for Ask, length of the bytes for Text and
//	         Fault, missing strategies (a position.Kind) for Finish
//
// The rest depends on the kind:
//
//	Text (1)        a segment
//	                16  bytes, zero-padded to a multiple of 8
//	Positioned (2)  a position.Kind; b segment, plus 0x80 if token is an estimate
//	                16  i64 byte; 24  i64 utf16; 32  i64 token
//	                40  f64 lower and 48  f64 upper bound of the entropy, nats
//	Ask (3)         a position.Kind
//	Confidence (4)  a state; b reason
//	                16  f64 raw; 24  f64 fused
//	                32  u8 session.Estimator; 33  u8 method, 0 for a trajectory model
//	                34  u8 calibrate.Method of the map that raw went through before
//	                    integration, 0 for none
//	                35  u8 calibrate.Band of that map
//	                36  u8 1 if fused is calibrated, so that it is a probability; else 0
//	                37  u8 calibrate.Outside: the reasons why the map or the model does not
//	                    cover raw, one bit each
//	                38  2 bytes zero; 40  f64 mass
//	Usage (5)       16  i64 prompt, 24  i64 completion, 32  i64 reasoning tokens; -1 unknown
//	Fault (6)       a code
//	                16  i64 offset in the stream, -1 if none; 24  bytes, padded
//	Finish (7)      a stream.Reason; b bit s is set if the count of segment s is an estimate
//	                16  i64 answer tokens; 24  i64 reasoning tokens
//	Ended (8)       nothing else
//	Said (9)        a bits of 1 text, 2 other, 4 finished; see stream.Said
//	                16  i64 beginning and 24  i64 end of the log-probabilities
//	Framed (10)     a stream.FrameBits
//	                16  i64 end of the event; 24  i64 beginning of its JSON object
//	                32  i64 closing brace of the object, -1 if there is none to edit
//
// A number that is not known is the NaN 0x7FF8000000000001, with the same bits on every
// engine. If you do not know the kind of a record, skip the record by its size.
//
// Worked example. Position 3 has the final confidence 0.75, revision 2. Integration did not
// change it. It is the mean of a model's number tokens, which had all of the probability mass:
//
//	30 00 00 00  04 00 02 00  03 00 00 00  02 00 00 00   size 48, Confidence, choice 0, Final, no reason, index 3, revision 2
//	00 00 00 00 00 00 e8 3f   00 00 00 00 00 00 e8 3f    raw 0.75, fused 0.75
//	01 00 00 00 00 00 00 00   00 00 00 00 00 00 f0 3f    Model, Expectation, no map, not calibrated, mass 1
//
// The same after the Platt map (3) of late positions (2):
//
//	30 00 00 00  04 00 02 00  03 00 00 00  02 00 00 00   size 48, Confidence, choice 0, Final, no reason, index 3, revision 2
//	00 00 00 00 00 00 e8 3f   00 00 00 00 00 00 e0 3f    raw 0.75, fused 0.5
//	01 00 03 02 01 00 00 00   00 00 00 00 00 00 f0 3f    Model, Expectation, Platt, Late, calibrated, mass 1
//
// And the text "Hi!" of choice 1's answer:
//
//	18 00 00 00  01 01 00 00  00 00 00 00  03 00 00 00   size 24, Text, choice 1, Answer, 3 bytes
//	48 69 21 00 00 00 00 00                              "Hi!"
package abi

// Version is the version of this interface. It changes when a host for the previous version
// would misread an answer. finece_abi returns it.
const Version = 3

// MaxInput is the most bytes that a host passes in one call: 16 MiB. The host cuts longer
// input into pieces; a stream may be cut anywhere.
const MaxInput = 16 << 20

// MaxPairs is the most bytes that a host passes to finece_evaluate: 1 GiB. It is larger than
// MaxInput, because figures need all pairs at once. 10,000,000 pairs take 400 MB of memory.
// About 100,000,000 pairs take 4 GiB, all the memory that WebAssembly can have.
const MaxPairs = 1 << 30

// Status is the first number of every answer.
type Status uint32

const (
	StatusOK       Status = iota
	StatusConfig          // open: the configuration is wrong; the message says where
	StatusTooLong         // the length is more than the size given to finece_input
	StatusOrder           // a call out of order: no session is open, or the stream has ended
	StatusUnknown         // request, resolve, fail: no position waits for this id
	StatusArgument        // the input, or a number, is not valid for this function
)

// Type is a WebAssembly value type, as encoded in a module's type section.
type Type byte

const (
	I32 Type = 0x7f
	F64 Type = 0x7c
)

// Function is an export: its name and its signature.
type Function struct {
	Name            string
	Params, Results []Type
}

// Functions are the exports that a host checks at load, in addition to "memory" and
// "_initialize".
var Functions = []Function{
	// finece_abi() returns Version.
	{"finece_abi", nil, []Type{I32}},
	// finece_input(size) returns the input buffer's address, or 0.
	{"finece_input", []Type{I32}, []Type{I32}},
	// finece_open(n) reads a configuration (see session.ParseConfig) and begins
	// a session. It ends the previous session. Answer: events.
	{"finece_open", []Type{I32}, []Type{I32}},
	// finece_write(n) takes the stream's next bytes. Answer: events.
	{"finece_write", []Type{I32}, []Type{I32}},
	// finece_end() ends the stream. Answer: events.
	{"finece_end", nil, []Type{I32}},
	// finece_request(id). Answer: the request's body.
	{"finece_request", []Type{I32}, []Type{I32}},
	// finece_resolve(id, n) takes the reply's body. Answer: events. In this function and in
	// finece_fail, an id with the bit session.Rollout means a sampled continuation of the
	// position.
	{"finece_resolve", []Type{I32, I32}, []Type{I32}},
	// finece_fail(id, reason), a session.Reason. Answer: events.
	{"finece_fail", []Type{I32, I32}, []Type{I32}},
	// finece_fuse(n), see AppendFuseInput. Answer: one f64 for each node.
	{"finece_fuse", []Type{I32}, []Type{I32}},
	// finece_evaluate(n), see AppendEvaluateInput. Answer: an Evaluation.
	{"finece_evaluate", []Type{I32}, []Type{I32}},
	// finece_apply(n), see AppendApplyInput. Answer: one f64 for each confidence.
	{"finece_apply", []Type{I32}, []Type{I32}},
}
