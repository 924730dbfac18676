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
	// Name is what the engine is called on a command line.
	Name() string
	// Open starts the session of one stream and returns its first events. An
	// error is about the configuration, unless it is ErrLost.
	Open(c Config) (Session, []Event, error)
	// Close releases the engine. Sessions must not be used afterwards.
	Close() error
}

// Session is one stream being scored; package session documents its life. It
// is not safe for concurrent use. Events and their slices are valid until the
// next call.
type Session interface {
	// Reset begins another stream in place of this one, as Engine.Open would, for
	// less: the instance and its memory are kept. An error about c leaves the
	// session as it was; a lost session stays lost.
	Reset(c Config) ([]Event, error)
	Write(p []byte) ([]Event, error)
	End() ([]Event, error)
	Request(dst []byte, id uint32) ([]byte, error)
	Resolve(id uint32, reply []byte) ([]Event, error)
	Fail(id uint32, why session.Reason) ([]Event, error)
	Close() error
}

// ErrLost is what every call of a session answers after its instance trapped,
// for instance because it ran out of its memory limit. The stream's text is
// not affected; its positions have to be reported as unavailable.
var ErrLost = errors.New("host: the session's instance has trapped")

// Native runs sessions without WebAssembly.
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
