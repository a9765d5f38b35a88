package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"prngd/cmd/egdquery/internal/dashboard"
	"prngd/cmd/egdquery/internal/metrics"
	"prngd/cmd/egdquery/internal/watch"
)

// serve answers HTTP until it is told to end: metrics, health and the page.
func serve(c *call) error {
	s, err := c.controls(watchLimit)
	if err != nil {
		return err
	}
	scraped := *s // two goroutines ask
	p, err := newProber(c)
	if err != nil {
		return err
	}
	l, err := listenHTTP(cmp.Or(c.listen, "127.0.0.1:9716"), c.public)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "egdquery: serving %s\n", servedAt(l.Addr()))
	ctx, stop := signal.NotifyContext(c, syscall.SIGINT, syscall.SIGTERM)

	board, counts := dashboard.New(), metrics.NewProbe()
	w := watch.Watcher{Ask: s.report, Probe: p.probe, Every: watchEvery}
	var watching sync.WaitGroup
	watching.Go(func() {
		w.Run(ctx, func(s watch.Sample) {
			counts.Observe(s.Latency, s.LatencyErr)
			board.Add(s)
		})
	})
	defer watching.Wait()
	defer stop() // before that
	return serveHTTP(ctx, l, board.Handler(scrapes(&scraped, counts), c.public))
}

// servedAt is how a browser or curl finds a listener.
func servedAt(a net.Addr) string {
	if a.Network() == "unix" {
		return a.String()
	}
	return "http://" + a.String() + "/"
}

// listenHTTP listens at HOST:PORT or a path, or takes an inherited socket. It keeps
// to this host unless public.
func listenHTTP(address string, public bool) (net.Listener, error) {
	if fd, ok := strings.CutPrefix(address, "fd:"); ok {
		return inherited(address, fd)
	}
	if strings.Contains(address, "/") {
		return listenUnix(address)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usageError("option --listen %q: expected HOST:PORT, a path or fd:3", address)
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.IsLoopback()) && !public {
		return nil, usageError("option --listen %s: other hosts could reach it; expected 127.0.0.1, [::1] or localhost, or --public", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &exitError{exitUnavailable, err}
	}
	return l, nil
}

// inherited is a listening socket that a supervisor has made: its address was
// the supervisor's choice.
func inherited(option, number string) (net.Listener, error) {
	fd, err := strconv.ParseUint(number, 10, 16)
	if err != nil || fd < 3 {
		return nil, usageError("option --listen %q: expected the number of a descriptor from 3 on", option)
	}
	f := os.NewFile(uintptr(fd), option)
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, &exitError{exitUnavailable, fmt.Errorf("option --listen %s: expected a listening socket: %w", option, err)}
	}
	return l, nil
}

// listenUnix makes a socket at path, in the place of one that nobody listens on
// any more. Its directory limits the users.
func listenUnix(path string) (net.Listener, error) {
	if abandoned(path) {
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, &exitError{exitUnavailable, err}
	}
	return l, nil
}

// abandoned reports whether a socket is at path that nobody listens on. The kernel
// refuses a connection to any other file in the same way: connect(2), ECONNREFUSED.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// scrapes serves the metrics: the daemon is asked for each scrape, by one scrape
// at a time. A daemon that does not answer is prngd_up 0.
func scrapes(s *controls, counts *metrics.Probe) http.Handler {
	var turn sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		r, _ := s.report()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(append(metrics.Text(r), counts.Text()...)) // a client that has gone needs no answer
	})
}

// serveHTTP ends when ctx does, and waits a moment for answers under way.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second, // a page waits 5 s for its next point
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	down := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(down)
		limited, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		srv.Shutdown(limited)
	})()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return &exitError{exitIO, fmt.Errorf("serving HTTP: %w", err)}
	}
	<-down
	return nil
}

// printMetrics prints the text for node_exporter's textfile collector. A
// daemon that does not answer is a metric too, and still the exit status of
// any other verb.
func printMetrics(c *call) error {
	s, err := c.controls(defaultLimit)
	if err != nil {
		return err
	}
	r, unanswered := s.report()
	if err := c.print(string(metrics.Text(r))); err != nil {
		return err
	}
	return unanswered
}
