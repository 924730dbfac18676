package host

import (
	"errors"

	"github.com/finece/finece/wasm/session"
)

// The vocabulary of package session, which hosts share with the core.
type (
	Config = session.Config
	Event  = session.Event
)

// DefaultConfig is session.DefaultConfig.
func DefaultConfig() Config { return session.DefaultConfig() }

// Engine opens sessions. It is safe for concurrent use.
type Engine interface {
	// Name is the engine's name on a command line.
	Name() string
	// Open starts the session of one stream and returns its first events. An error means
	// that the configuration is wrong, unless it is ErrLost.
	Open(c Config) (Session, []Event, error)
	// Close releases the engine. Sessions must not be used afterwards.
	Close() error
}

// Session is one stream being scored; package session documents its life. It
// is not safe for concurrent use. Events and their slices are valid until the
// next call.
type Session interface {
	// Reset starts the session of another stream instead, as Engine.Open would, and
	// returns its first events. It costs less, because the instance and its memory are
	// kept. An error about c leaves the session as it was. A lost session stays lost.
	Reset(c Config) ([]Event, error)
	Write(p []byte) ([]Event, error)
	End() ([]Event, error)
	Request(dst []byte, id uint32) ([]byte, error)
	Resolve(id uint32, reply []byte) ([]Event, error)
	Fail(id uint32, why session.Reason) ([]Event, error)
	Close() error
}

// ErrLost is the error of every call of a session after its instance trapped, for
// instance at its memory limit. The stream's text is not affected. Positions that were
// not final become unavailable; package follow reports them.
var ErrLost = errors.New("host: the session's instance has trapped")

// Native returns the engine that runs the core's packages without WebAssembly.
func Native() Engine { return native{} }

type native struct{}

func (native) Name() string { return "native" }
func (native) Close() error { return nil }

func (native) Open(c Config) (Session, []Event, error) {
	s, events, err := session.Open(c)
	if err != nil {
		return nil, nil, err
	}
	return &nativeSession{s}, events, nil
}

type nativeSession struct{ *session.Session }

func (s *nativeSession) Reset(c Config) ([]Event, error) {
	fresh, events, err := session.Open(c)
	if err != nil {
		return nil, err
	}
	s.Session = fresh
	return events, nil
}

func (*nativeSession) Close() error { return nil }
