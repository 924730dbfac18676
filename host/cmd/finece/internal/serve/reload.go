package serve

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/finece/finece/host/cmd/finece/internal/serve/config"
	"github.com/finece/finece/wasm/contract"
)

// reloads are the settings that take effect at SIGHUP. The others need a restart: an address, an
// engine or a client of a model is made once.
var reloads = slices.Concat(contract.Routed, []*contract.Setting{
	contract.ClientKeys, contract.UpstreamKey, contract.UpstreamKeyFile, contract.AllowHost, contract.AllowOrigin, contract.RefuseUnchecked,
	contract.UpstreamTimeout, contract.IdleTimeout, contract.RequestTimeout, contract.WriteTimeout,
	contract.MaxStreams, contract.MaxRequest, contract.MaxAnswer,
})

// onHangup reads the settings again at each SIGHUP until ctx is done. If the settings name no
// file, SIGHUP ends the process, as usual: a process also gets it when its terminal is closed.
func (s *service) onHangup(ctx context.Context) {
	files := s.path != ""
	for _, setting := range contract.Files {
		files = files || s.given.Values[setting] != nil
	}
	if !files {
		return
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hangup:
				s.reload()
			case <-ctx.Done():
				signal.Stop(hangup)
				return
			}
		}
	}()
}

// reload reads the settings again. Answers under way keep the earlier settings. If anything is
// wrong, all earlier settings stay.
func (s *service) reload() {
	next, waiting, err := s.reread()
	if err == nil {
		err = s.use(next, waiting)
	}
	if err != nil {
		s.ops.log.Error("the settings were not read again; the earlier ones hold", "err", err)
	}
}

// reread reads the settings. Settings that need a restart keep their earlier values; waiting has
// the names of those that have changed.
func (s *service) reread() (next *flags, waiting []string, err error) {
	c, err := s.load()
	if err != nil {
		return nil, nil, err
	}
	for _, setting := range contract.Served {
		if slices.Contains(reloads, setting) || slices.Equal(texts(c, setting), texts(s.given, setting)) {
			continue
		}
		waiting = append(waiting, setting.File())
		delete(c.Values, setting)
		if was := s.given.Values[setting]; was != nil {
			c.Values[setting] = was
		}
	}
	builtIn := ""
	if s.builtIn {
		builtIn = s.gateway.Upstream
	}
	if next, err = settle(c, builtIn); err != nil {
		return nil, nil, err
	}
	next.Config.Model.Name = s.Config.Model.Name // the server was asked for it
	return next, waiting, next.handle()
}

// texts returns the value of a setting as it was given, or nil.
func texts(c *config.Config, s *contract.Setting) []string {
	if v := c.Values[s]; v != nil {
		return v.Texts
	}
	return nil
}

// use puts other settings into effect, and logs what has changed.
func (s *service) use(next *flags, waiting []string) error {
	invited := s.page != nil
	handler, err := s.make(next)
	if err != nil {
		return err
	}
	changed := changes(s.flags, next)
	s.flags = next
	s.handler.Store(&handler)
	if s.page != nil && !invited {
		s.invite()
	}
	if s.cert != nil {
		renewed, err := s.cert.Reload()
		if err != nil {
			s.ops.log.Report("the new TLS certificate is not used", err)
		}
		if renewed {
			changed = append(changed, "the TLS certificate")
		}
	}
	said := []any{"changed", "nothing"}
	if len(changed) > 0 {
		said[1] = strings.Join(changed, "; ")
	}
	if len(waiting) > 0 {
		said = append(said, "needs_restart", strings.Join(waiting, ", "))
	}
	s.ops.log.Info("the settings were read again", said...)
	return nil
}

// changes lists how settings differ from earlier ones, without secrets.
func changes(was, is *flags) (all []string) {
	add := func(name, before, after string) {
		if before != after {
			all = append(all, fmt.Sprintf("%s: %s -> %s", name, before, after))
		}
	}
	for _, s := range reloads {
		if !s.Secret && s != contract.ClientKeys {
			add(s.File(), strings.Join(was.given.Texts(s), ","), strings.Join(is.given.Texts(s), ","))
		}
	}
	if was.key != is.key {
		all = append(all, contract.UpstreamKey.File())
	}
	for _, change := range is.clients.Changes(was.clients) {
		all = append(all, "key "+change)
	}
	if !reflect.DeepEqual(was.Config.Calibration, is.Config.Calibration) {
		all = append(all, "the maps of "+contract.CalibrationFile.File())
	}
	for i := range max(len(was.given.Routes), len(is.given.Routes)) {
		name, before, after := fmt.Sprintf("route %d", i+1), "none", "none"
		if i < len(was.given.Routes) {
			before = was.given.Routes[i].String()
		}
		if i < len(is.given.Routes) {
			after = is.given.Routes[i].String()
		}
		add(name, before, after)
		if before == after && !reflect.DeepEqual(was.gateway.Routes[i].Session.Calibration, is.gateway.Routes[i].Session.Calibration) {
			all = append(all, "the maps of "+name)
		}
	}
	return all
}
