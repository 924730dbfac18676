// Package portable has exp and log that give the same bits on every engine.
//
// The math package cannot promise that: it uses assembly on some targets and
// plain Go on others, and their last bits differ. The math library of a
// WebAssembly module differs again. Here, each product is converted to float64
// before it is added. The Go specification then forbids a fused multiply-add, so
// all targets run the same IEEE 754 operations.
package portable
