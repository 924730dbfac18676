package lm

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// folderWith returns a model folder of testdata with one more file.
func folderWith(t *testing.T, name, file, content string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	root := os.DirFS("testdata/" + name)
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := fs.ReadFile(root, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = &fstest.MapFile{Data: data}
	}
	out[file] = &fstest.MapFile{Data: []byte(content)}
	return out
}

func TestAFoldersCardIsRead(t *testing.T) {
	m, err := Load(os.DirFS("testdata/half"))
	if err != nil || m.Card() != nil {
		t.Errorf("without a card: %s, %v", m.Card(), err)
	}
	m, err = Load(folderWith(t, "half", CardName, `{"labels": 12, "finece_card": 1}`))
	if want := `{"finece_card":1,"labels":12,"range":[0,1]}`; err != nil || string(m.Card()) != want {
		t.Errorf("%s, %v, want %s", m.Card(), err, want)
	}
	if _, err = Load(folderWith(t, "half", CardName, `{"finece_card": 1}`)); err == nil || !strings.HasPrefix(err.Error(), "lm: card.json: card: labels") {
		t.Errorf("a card without labels: %v", err)
	}
}
