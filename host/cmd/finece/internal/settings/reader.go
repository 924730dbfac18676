package settings

import (
	"slices"
	"strings"

	"github.com/finece/finece/host/cmd/finece/internal/exit"
	"github.com/finece/finece/host/grade"
	"github.com/finece/finece/wasm/contract"
)

// Readers returns the names of the graders that read a final answer.
func Readers() []string {
	return slices.DeleteFunc(grade.Graders(), func(name string) bool {
		g, err := grade.GraderNamed(name)
		_, ok := g.(grade.Reader)
		return err != nil || !ok
	})
}

// Reader returns the grader that a setting names, if it reads a final answer.
func Reader(s *contract.Setting, name string) (grade.Reader, error) {
	g, err := grade.GraderNamed(name)
	if err != nil {
		return nil, exit.Usagef("--%s: %w", s.Flag(), err)
	}
	reader, ok := g.(grade.Reader)
	if !ok {
		return nil, exit.Usagef("--%s %s: this grader reads no final answer; want %s", s.Flag(), name, strings.Join(Readers(), ", "))
	}
	return reader, nil
}
