package main

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
