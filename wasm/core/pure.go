package main

//lint:file-ignore U1000 go:wasmexport is what uses these functions

import (
	"github.com/finece/finece/bci"
	"github.com/finece/finece/wasm/abi"
)

//go:wasmexport finece_fuse
func fuse(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	reserve(len(data)) // more than enough: eight bytes for each twelve
	before := mark()
	defer release(before)
	tree, params, err := abi.ReadFuseInput(data)
	if err != nil {
		return failed(err)
	}
	fused, err := bci.Fuse(nil, tree, params)
	if err != nil {
		return failed(err)
	}
	answer = abi.AppendFloats(answer[:answerHeader], fused)
	return seal(abi.StatusOK)
}

//go:wasmexport finece_evaluate
func evaluate(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	reserve(abi.EvaluationSize(data))
	before := mark()
	defer release(before)
	conf, correct, binning, err := abi.ReadEvaluateInput(data)
	if err != nil {
		return failed(err)
	}
	evaluation, err := abi.Evaluate(conf, correct, binning)
	if err != nil {
		return failed(err)
	}
	answer = abi.AppendEvaluation(answer[:answerHeader], &evaluation)
	return seal(abi.StatusOK)
}

//go:wasmexport finece_apply
func apply(n uint32) uint32 {
	data, ok := take(n)
	if !ok {
		return tooLong()
	}
	reserve(len(data))
	before := mark()
	defer release(before)
	applied, err := abi.AppendApplied(answer[:answerHeader], data)
	if err != nil {
		return failed(err)
	}
	answer = applied
	return seal(abi.StatusOK)
}
