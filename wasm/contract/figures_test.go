package contract

import "testing"

func TestEveryFigureIsDocumented(t *testing.T) {
	for _, f := range Figures {
		if f.Doc == "" {
			t.Errorf("figureDocs has nothing about %s", f.Name)
		}
	}
	if len(figureDocs) != len(Figures) {
		t.Errorf("%d documented figures, %d figures of package metrics", len(figureDocs), len(Figures))
	}
}
