// Package record has the records in which FineCE reports confidences: in the streams of the
// gateway and the Worker, in the output of the command, and in the events of the npm and
// Python packages.
//
// A record is a JSON object with a key "type":
//
//	{"type":"confidence","choice":0,"index":2,"kinds":["paragraph"],"segment":"answer","byte":412,"utf16":405,
//	 "token":88,"state":"provisional","revision":1,"raw":0.71,"fused":0.68,"calibrated":false,
//	 "source":{"estimator":"logprob","method":"perplexity"}}
//
// The types are [Position], [Confidence], [Decision], [Fault], [End] and [Start]. They are
// generated from the table in package contract, with their encoder and their reader. These
// use no reflection and link neither encoding/json nor fmt. A key without a value is absent.
//
// A [Builder] makes records from the events of one session:
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
// [Read] reads one record and [ReadEnvelope] an envelope. Both ignore unknown keys, and leave
// out records of an unknown type. null means that the key is absent. An unknown name becomes a
// value whose String is "unknown".
package record
