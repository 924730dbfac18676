package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/finece/finece/host/cmd/bench/internal/report"
	"github.com/finece/finece/metrics"
)

const memoryRounds = 7

// memory compares AUROC and ECE of pairs in memory with a program in numpy, which sorts keys
// that have the correctness in their lowest bit.
func memory(r *report.Report) error {
	const n = 10_000_000
	theirs := exec.Command(python, peers, "memory", fmt.Sprint(n), fmt.Sprint(memoryRounds))
	in, err := theirs.StdinPipe()
	if err != nil {
		return err
	}
	out, err := theirs.StdoutPipe()
	if err != nil {
		return err
	}
	theirs.Stderr = os.Stderr
	if err := theirs.Start(); err != nil {
		return err
	}
	defer func() { in.Close(); _ = theirs.Wait() }()
	said := bufio.NewReader(out)

	rng := rand.New(rand.NewPCG(7, 7))
	conf, correct := make([]float64, n), make([]bool, n)
	for i := range conf {
		conf[i] = rng.Float64()
		correct[i] = rng.Float64() < conf[i]
	}
	var sample metrics.Sample
	var ourWall, ourCPU, theirWall, theirCPU, wallRatio, cpuRatio []float64
	for range memoryRounds {
		before, begun := used(), time.Now()
		if err := sample.Reset(conf, correct); err != nil {
			return err
		}
		if _, err := sample.ECE(metrics.DefaultBinning()); err != nil {
			return err
		}
		if _, err := sample.AUROC(); err != nil {
			return err
		}
		w, c := time.Since(begun).Seconds(), (used() - before).Seconds()
		if _, err := fmt.Fprintln(in); err != nil {
			return err
		}
		var tw, tc, auroc, ece float64
		if _, err := fmt.Fscan(said, &tw, &tc, &auroc, &ece); err != nil {
			return err
		}
		ourWall, ourCPU, theirWall, theirCPU = append(ourWall, w), append(ourCPU, c), append(theirWall, tw), append(theirCPU, tc)
		wallRatio, cpuRatio = append(wallRatio, tw/w), append(cpuRatio, tc/c)
	}
	r.Title("In memory", fmt.Sprintf("AUROC and ECE of %d pairs that are in memory, compared with numpy's sort of keys with the correctness in the lowest bit.", n))
	r.Header("", "CPU ms", "wall ms")
	r.Line("finece", milliseconds(middle(ourCPU)), milliseconds(middle(ourWall)))
	r.Line("numpy", milliseconds(middle(theirCPU)), milliseconds(middle(theirWall)))
	r.Target("AUROC and ECE in memory: times as fast as numpy, by wall time", middle(wallRatio), 5, report.AtLeast)
	r.Target("AUROC and ECE in memory: times as fast as numpy, by CPU time", middle(cpuRatio), 5, report.AtLeast)
	return nil
}

// used returns the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func milliseconds(s float64) string { return fmt.Sprintf("%.0f", 1000*s) }
