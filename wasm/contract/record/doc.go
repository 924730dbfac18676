// Package record is the one shape in which confidences leave FineCE: in the
// streams of the gateway and the Worker, in the output of the command, and in
// the events of the npm package.
//
// A record is a JSON object with a key "type":
//
//	{"type":"confidence","choice":0,"index":2,"kinds":["paragraph"],"segment":"answer","byte":412,"utf16":405,
//	 "token":88,"state":"provisional","revision":1,"raw":0.71,"fused":0.68,"calibrated":false,
//	 "source":{"estimator":"logprob","method":"perplexity"}}
//
// The types are [Position], [Confidence], [Decision], [Fault], [End] and
// [Start]. They are generated from the table in package contract; so are their
// encoder and their reader, which use no reflection and link neither
// encoding/json nor fmt. A key without a value is absent.
//
// A [Builder] makes records of the events of one session:
//
//	b := record.NewBuilder(config.Model.Name)
//	for _, r := range b.Take(nil, events) {
//		line = append(r.AppendJSON(line), '\n')
//	}
//
// On the wire, records travel in an [Envelope]: the key "finece" of a chunk or
// of a whole answer, or the payload of a comment. In a file of JSON Lines the
// first line is a [Start], and every other line is one record.
//
// # Reading
//
// [Read] reads one record and [ReadEnvelope] an envelope. Both ignore keys that
// they do not know, and records of a type that they do not know are left out.
// null counts as absent. A name that is not known becomes a value whose String
// is "unknown".
package record
