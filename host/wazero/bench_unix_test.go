package wazero_test

import (
	"bytes"
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/finece/finece/host"
	"github.com/finece/finece/host/wazero"
)

// cpu is the CPU time of the process in seconds.
func cpu(b *testing.B) float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

// BenchmarkStream scores a stream in a session that is there already, and reports MB for
// each second of CPU time. host/python/bench.py measures the Python package against it.
func BenchmarkStream(b *testing.B) {
	data, err := os.ReadFile("../../wasm/session/testdata/demo.sse")
	if err != nil {
		b.Fatal(err)
	}
	long := bytes.Repeat(bytes.TrimSuffix(data, []byte("data: [DONE]\n\n")), 40)
	engine, err := wazero.New(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	for _, c := range []struct {
		name string
		data []byte
	}{{"demo", data}, {"long", long}} {
		b.Run(c.name, func(b *testing.B) {
			s, _, err := engine.Open(host.DefaultConfig())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			start := cpu(b)
			for b.Loop() {
				_, err := s.Reset(host.DefaultConfig())
				if err == nil {
					_, err = s.Write(c.data)
				}
				if err == nil {
					_, err = s.End()
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(c.data))*float64(b.N)/1e6/(cpu(b)-start), "MB/cpu-s")
		})
	}
}
