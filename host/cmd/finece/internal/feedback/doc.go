// Package feedback keeps the confidences of answers, and what people say about these
// answers, in an SQLite database beside finece serve. It keeps no text of a question or
// an answer: of each answer its ids, the name of the client's key, and for each position
// what a calibration map is fitted from. A note is the text of the client that sends it.
//
// # Answers
//
// [Store.Keep] takes an answer when it has ended. A goroutine writes them in batches, so
// that no answer waits for the disk. What is said about an answer waits until it is
// written.
//
// # Durability
//
// A write that is acknowledged, of a label or of a deletion, is in the database's
// write-ahead log and flushed to the disk. A killed process loses the answers that
// nobody has labelled and that wait to be written: those of about the last 0.1 s.
//
// # Scope
//
// A client sees and changes what belongs to its own key. Another key's answer is not found.
//
// # Drift
//
// A sequential test of a calibration (package metrics/calibrate/drift) takes the first label of
// each answer that was scored with it, and the answer's headline. Label and test are one
// transaction. The test keeps no labels, so a deleted one stays in its sum.
package feedback
