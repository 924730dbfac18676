// Package feedback stores the confidences of answers, and the labels that clients send, in an
// SQLite database of finece serve. It stores no text of a question or an answer. Of each answer
// it stores its ids, the name of the client's key, and for each position the values from which a
// calibration map is fitted. A client may add a note of its own to a label.
//
// # Answers
//
// [Store.Keep] takes an answer after it has ended. A goroutine writes answers in batches, so
// that no answer waits for the disk. A label waits until its answer is written.
//
// # Durability
//
// A write that is acknowledged, of a label or of a deletion, is in the database's
// write-ahead log and flushed to the disk. A killed process loses only answers without a label
// that are not written yet: those of about the last 0.1 s.
//
// # Scope
//
// A client sees and changes only answers of its own key. For another key's answer it gets "not found".
//
// # Drift
//
// A sequential test of a calibration (package metrics/calibrate/drift) takes the first label of
// each answer that was scored with it, and the answer's confidence as a whole. The label and the
// state of the test are written in one transaction. The test stores no labels, so a deleted
// label stays in its sum.
package feedback
