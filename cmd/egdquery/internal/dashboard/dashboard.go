// Package dashboard is the web page of egdquery serve. Everything it shows
// comes from this host, and everything it is made of is embedded.
package dashboard

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

//go:embed assets
var assets embed.FS

// patience bounds how long a page waits for the next point.
const patience = 5 * time.Second

// Board serves the page, its data and /healthz.
type Board struct{ history *history }

// New returns a board that shows nothing yet.
func New() *Board { return &Board{newHistory()} }

// Add shows one more sample.
func (b *Board) Add(s watch.Sample) { b.history.add(s) }

// Handler serves the board, and the metrics beside it. Unless anyHost, browsers
// have to call us by an address or localhost.
func (b *Board) Handler(metrics http.Handler, anyHost bool) http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /data", b.data)
	mux.HandleFunc("GET /healthz", b.healthz)
	mux.Handle("GET /metrics", metrics)
	return guard(mux, anyHost)
}

// data answers with the points from number ?after on; it waits for the first.
func (b *Board) data(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.Atoi(r.FormValue("after"))
	if err != nil || after < 0 {
		http.Error(w, "after: expected the number of a point", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(b.history.since(ctx, after)) // an error: the browser has gone
}

// healthz is for load balancers and the like: 200 while clients are served.
func (b *Board) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	v := b.history.since(ctx, 0)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if v.Health == control.Critical.String() || v.Health == control.Unknown.String() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, strings.TrimSuffix(v.Health+": "+strings.Join(v.Reasons, "; "), ": "))
}
