// Package batch reads large inputs on all processors.
//
//	err := batch.Lines(file, 1, parse, func(rows []row) error {
//		all = append(all, rows...)
//		return nil
//	})
//
// [Lines] cuts an input into blocks of whole lines, works on several blocks at once, and
// gives the results in the order of the input. A few blocks are in memory at a time,
// whatever the length of the input. [Ordered] does the same for an input that comes in
// pieces already, such as the row groups of Parquet.
package batch
