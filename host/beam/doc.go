// Package beam is finece score, finece eval and finece construct on Apache Beam: the command
// finece-beam. It is a module of its own, so that finece itself does not depend on Beam.
//
// The input is cut into shards (internal/shard). Workers score shards (internal/scoring)
// with what finece score is made of (host/batch/score), or read pairs of them
// (internal/measuring), which together give the bytes of finece eval. Questions are cut
// into shards as well, and workers build their training data (internal/constructing) with
// host/construct. The tests here run the commands; flink has the test that kills a worker.
package beam
