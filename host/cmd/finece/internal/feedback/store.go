package feedback

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// Config configures a store.
type Config struct {
	Path      string        // of the database
	Retention time.Duration // how long answers are kept; 0 keeps them until Max is reached
	Max       int64         // bytes of the database; 0 for no limit
	DriftRate float64       // probability of a false alarm of drift, 0 to 0.5; 0 tests nothing

	// Report is called for errors of the writer, and when a calibration has drifted.
	Report func(message string, err error)

	now func() time.Time
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	config Config
	db     *sql.DB
	mu     sync.Mutex // of writes

	waiting chan *answer       // to be written
	flushes chan chan struct{} // each is closed when all answers that waited before it are written
	closing sync.Once
	stop    chan struct{}
	stopped chan struct{}

	kept    kept
	drift   drift
	dropped dropped
}

// schemaVersion is the database's user_version, and application the mark in its header that
// identifies this program: "FnCE".
const (
	schemaVersion = 1
	application   = 0x466e4345
)

const schema = `
CREATE TABLE answers (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	client TEXT NOT NULL,    -- name of the client's key
	own TEXT NOT NULL UNIQUE, -- the gateway's id
	id TEXT NOT NULL,        -- the upstream's id
	generator TEXT NOT NULL,
	scorer TEXT NOT NULL,    -- which estimator, map and card
	ended INTEGER NOT NULL   -- milliseconds since 1970
) STRICT;
CREATE INDEX answers_by_id ON answers (client, id);
CREATE INDEX answers_by_end ON answers (ended);
CREATE TABLE positions (
	answer INTEGER NOT NULL REFERENCES answers (n) ON DELETE CASCADE,
	choice INTEGER NOT NULL,
	place INTEGER NOT NULL,  -- the position's index
	kinds INTEGER NOT NULL,  -- bits of position.Kind
	segment INTEGER NOT NULL,
	token INTEGER NOT NULL,
	raw REAL,
	fused REAL NOT NULL,
	calibrated INTEGER NOT NULL,
	estimator TEXT NOT NULL,
	method TEXT NOT NULL,
	model TEXT NOT NULL,
	map TEXT NOT NULL,
	band TEXT NOT NULL,
	PRIMARY KEY (answer, choice, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE labels (
	answer INTEGER NOT NULL REFERENCES answers (n) ON DELETE CASCADE,
	choice INTEGER NOT NULL,
	correct INTEGER NOT NULL,
	note TEXT NOT NULL,
	labelled INTEGER NOT NULL, -- milliseconds since 1970
	PRIMARY KEY (answer, choice)
) STRICT, WITHOUT ROWID;
CREATE TABLE drifts (
	scorer TEXT PRIMARY KEY,
	state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`

// open opens a database with this package's settings. Writes are flushed to the disk, and
// deleted data is overwritten.
func open(path string, readOnly bool) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	pragmas := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)"}}
	if readOnly {
		pragmas.Set("mode", "ro")
	} else {
		pragmas["_pragma"] = append(pragmas["_pragma"], "journal_mode(wal)", "synchronous(full)", "secure_delete(1)", "journal_size_limit(16777216)")
		pragmas.Set("_txlock", "immediate")
	}
	at := url.URL{Scheme: "file", Path: absolute, RawQuery: pragmas.Encode()}
	return sql.Open("sqlite", at.String())
}

// Open opens the database of c, and makes it if there is none. The caller closes it.
func Open(ctx context.Context, c Config) (*Store, error) {
	// Other users may not read the file. SQLite gives its further files the same permissions.
	file, err := os.OpenFile(c.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := open(c.Path, false)
	if err != nil {
		return nil, err
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.Report == nil {
		c.Report = func(string, error) {}
	}
	s := &Store{
		config: c, db: db,
		waiting: make(chan *answer, 1024), flushes: make(chan chan struct{}), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.Path, err), db.Close())
	}
	go s.write()
	return s, nil
}

// prepare makes the tables, and deletes answers that are too old.
func (s *Store) prepare(ctx context.Context) error {
	if err := create(ctx, s.db); err != nil {
		return err
	}
	return s.prune(ctx)
}

// create makes the tables of a new database, and refuses a foreign one.
func create(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return check(ctx, tx)
	}
	for _, statement := range []string{schema, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion), fmt.Sprintf("PRAGMA application_id = %d", application)} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// check refuses a database that this version of the package has not made.
func check(ctx context.Context, q querier) error {
	var version, mark int
	err := errors.Join(q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version), q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&mark))
	switch {
	case err != nil:
		return err
	case mark != application:
		return errors.New("it is not a database of finece serve --feedback-db; name another file")
	case version != schemaVersion:
		return fmt.Errorf("it has version %d, and this finece reads version %d", version, schemaVersion)
	}
	return nil
}

// Close writes waiting answers, and closes the database. Further calls do nothing.
func (s *Store) Close() error {
	s.closing.Do(func() { close(s.stop) })
	<-s.stopped
	return s.db.Close()
}

// Backup writes a copy of the database at path, which may be in use, to a new file.
func Backup(ctx context.Context, path, to string) error {
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("%s exists; name a file that does not", to)
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	db, err := existing(ctx, path)
	if err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", to) // it takes an empty file
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// existing opens a database of this package to read it.
func existing(ctx context.Context, path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := open(path, true)
	if err != nil {
		return nil, err
	}
	if err := check(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, nil
}
