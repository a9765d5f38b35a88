package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/urfave/cli/v2"

	"prngd/cmd/egdquery/internal/dashboard"
	"prngd/cmd/egdquery/internal/metrics"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

func serveFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:9716", Usage: "serve at `HOST:PORT`"},
		&cli.BoolFlag{Name: "public", Usage: "let it be an address that other hosts reach: there is no password and no TLS", DisableDefaultText: true},
	}
}

// serve answers HTTP until it is told to end: metrics, health and the page.
func serve(c *cli.Context) error {
	s, err := findControls(c, watchLimit)
	if err != nil {
		return err
	}
	p, err := newProber(c)
	if err != nil {
		return err
	}
	l, err := listenHTTP(c.String("listen"), c.Bool("public"))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.ErrWriter, "egdquery: serving http://%s/\n", l.Addr())
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	ask := func() (*control.Report, error) { return s.ask(control.Status) }
	board, counts := dashboard.New(), metrics.NewProbe()
	w := watch.Watcher{Ask: ask, Probe: p.probe, Every: watchEvery}
	var watching sync.WaitGroup
	watching.Go(func() {
		w.Run(ctx, func(s watch.Sample) {
			counts.Observe(s.Latency, s.LatencyErr)
			board.Add(s)
		})
	})
	defer watching.Wait()
	defer stop()
	return serveHTTP(ctx, l, board.Handler(scrapes(metrics.NewReport(ask), counts), c.Bool("public")))
}

// listenHTTP keeps to this host unless told otherwise in so many words.
func listenHTTP(address string, public bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, usageError("option --listen %q: expected HOST:PORT", address)
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

// scrapes serves the metrics. A few scrapers at a time are enough for anybody.
func scrapes(collectors ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors...)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
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
