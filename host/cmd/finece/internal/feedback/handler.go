package feedback

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/finece/finece/host/gateway"
)

// The paths of the handler.
const (
	PathFeedback    = "/finece/feedback"
	PathCalibration = "/finece/calibration"
)

// Handles reports whether a path is one of the handler's.
func Handles(path string) bool {
	return path == PathFeedback || strings.HasPrefix(path, PathFeedback+"/") || path == PathCalibration
}

// Handler serves a store:
//
//	POST   /finece/feedback     {"id":"...","correct":true}; "choice" and "note" are optional
//	DELETE /finece/feedback/ID  deletes the answer and its label
//	GET    /finece/calibration  JSON, see package figures; a page if the client accepts text/html
//
// Handler does not check who may use it: wrap it in [gateway.Access.GuardAPI].
type Handler struct {
	Store *Store
	// Scope returns whose figures are shown to the sender of a request.
	Scope func(*http.Request) Scope
	// Wait is how long a label waits for its answer to end.
	Wait time.Duration
}

// DefaultWait is long enough for an answer whose last bytes the client has.
const DefaultWait = time.Second

// maxBody and maxNote bound what a client may send.
const (
	maxBody = 16 << 10
	maxNote = 2000
)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	id, forget := strings.CutPrefix(r.URL.Path, PathFeedback+"/")
	switch {
	case forget:
		if allowed(w, r, http.MethodDelete) {
			h.forget(w, r, id)
		}
	case r.URL.Path == PathFeedback:
		if allowed(w, r, http.MethodPost) {
			h.put(w, r)
		}
	case allowed(w, r, http.MethodGet, http.MethodHead):
		h.calibration(w, r)
	}
}

func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	list := strings.Join(methods, ", ")
	w.Header().Set("Allow", list)
	gateway.WriteError(w, r, http.StatusMethodNotAllowed, "finece-method", "this path takes "+list)
	return false
}

// put keeps a label.
func (h *Handler) put(w http.ResponseWriter, r *http.Request) {
	var said struct {
		ID      string
		Choice  int
		Correct *bool
		Note    string
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		gateway.WriteError(w, r, status, "finece-request", "the request could not be read: it may have at most "+strconv.Itoa(maxBody)+" bytes")
		return
	}
	if err := json.Unmarshal(body, &said); err != nil {
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request-not-json", `want JSON such as {"id":"chatcmpl-7","correct":true}`)
		return
	}
	switch {
	case said.ID == "":
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request", `"id" is missing: the answer's own id, or the value of its header X-FineCE-Id`)
	case said.Correct == nil:
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request", `"correct" is missing: want true or false`)
	case said.Choice < 0:
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request", `"choice" is the number of one of the answer's choices, from 0`)
	case len(said.Note) > maxNote:
		gateway.WriteError(w, r, http.StatusBadRequest, "finece-request", `"note" may have at most `+strconv.Itoa(maxNote)+" bytes")
	default:
		l := Label{said.ID, said.Choice, *said.Correct, said.Note}
		if h.done(w, r, h.Store.PutSoon(r.Context(), gateway.ClientOf(r.Context()), l, h.Wait)) {
			answerJSON(w, struct {
				ID      string `json:"id"`
				Choice  int    `json:"choice"`
				Correct bool   `json:"correct"`
			}{l.ID, l.Choice, l.Correct})
		}
	}
}

func (h *Handler) forget(w http.ResponseWriter, r *http.Request, id string) {
	if h.done(w, r, h.Store.Forget(r.Context(), gateway.ClientOf(r.Context()), id)) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *Handler) calibration(w http.ResponseWriter, r *http.Request) {
	reply, err := h.Store.Calibration(r.Context(), h.Scope(r))
	if !h.done(w, r, err) {
		return
	}
	w.Header().Set("Vary", "Accept")
	if prefersHTML(r.Header.Get("Accept")) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
		if err := writePage(w, reply); err != nil {
			h.Store.config.Report("feedback: the page", err)
		}
		return
	}
	answerJSON(w, reply)
}

// prefersHTML reports whether an Accept header names text/html before JSON, as browsers do.
func prefersHTML(accept string) bool {
	html, json := strings.Index(accept, "text/html"), strings.Index(accept, "application/json")
	return html >= 0 && (json < 0 || html < json)
}

// done answers with the error of a store, if there is one.
func (h *Handler) done(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrNotFound):
		gateway.WriteError(w, r, http.StatusNotFound, "finece-not-found", "no answer with a confidence has this id: the answer belongs to another client key, was not scored, or was deleted")
	case r.Context().Err() != nil: // the client has disconnected
	default:
		h.Store.config.Report("feedback", err)
		gateway.WriteError(w, r, http.StatusInternalServerError, "finece-feedback", "the database failed; try again")
	}
	return false
}

func answerJSON(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // these types have no other
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n'))
}
