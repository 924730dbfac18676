package feedback

import (
	"context"
	"database/sql"
)

// pruned is the most answers that one transaction deletes, so that other transactions do not wait long.
const pruned = 1000

// prune deletes the answers that are too old, and the oldest ones while the database is too
// large: those without a label first.
func (s *Store) prune(ctx context.Context) error {
	for s.config.Retention > 0 {
		oldest := s.config.now().Add(-s.config.Retention).UnixMilli()
		n, err := s.discard(ctx, "SELECT n FROM answers WHERE ended < ? ORDER BY ended LIMIT ?", oldest, pruned)
		if err != nil {
			return err
		}
		if n < pruned {
			break
		}
	}
	for s.config.Max > 0 {
		size, err := s.size(ctx)
		if err != nil || size <= s.config.Max {
			return err
		}
		n, err := s.discard(ctx, "SELECT n FROM answers WHERE n NOT IN (SELECT answer FROM labels) ORDER BY ended LIMIT ?", pruned)
		if err == nil && n == 0 {
			n, err = s.discard(ctx, "SELECT n FROM answers ORDER BY ended LIMIT ?", pruned)
		}
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// discard deletes the answers that a query selects, with all that belongs to them.
func (s *Store) discard(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM answers WHERE n IN ("+query+")", args...)
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	return n, err
}

// size returns the bytes of the database in use. The file also has free pages of deleted
// answers, which later answers use.
func (s *Store) size(ctx context.Context) (bytes int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size").Scan(&bytes)
	return bytes, err
}
