package metrics

import (
	"time"

	"prngd/internal/control"
)

func fileMetrics() []metric {
	exchange := func(get func(control.File) float64) func(*control.Report, func(float64, ...string)) {
		return func(r *control.Report, out func(float64, ...string)) {
			for _, f := range r.Exchange {
				out(get(f), f.Path)
			}
		}
	}
	return []metric{
		gauge("seed_file_last_save_timestamp_seconds", "When the seed file was last saved, Unix time.",
			stamp(func(r *control.Report) *time.Time { return r.Seed.LastSave })),
		gauge("seed_file_failing", "1 if the last save failed.", one(func(r *control.Report) float64 { return truth(r.Seed.Error != "") })),
		gauge("seed_file_credited_entropy_bytes", "Entropy that the seed file counted for at the start, in units of 8 bits.",
			one(func(r *control.Report) float64 { return float64(r.Seed.Bits) / 8 })),
		counter("exchange_cycles", "Cycles made on an exchange file.", exchange(func(f control.File) float64 { return float64(f.Cycles) }), "path"),
		counter("exchange_skipped", "Cycles given up because another program kept the lock.",
			exchange(func(f control.File) float64 { return float64(f.Skipped) }), "path"),
		gauge("exchange_failing", "1 if the last cycle failed.", exchange(func(f control.File) float64 { return truth(f.Error != "") }), "path"),
		gauge("exchange_last_stir_timestamp_seconds", "When the exchange file was last stirred, Unix time.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, f := range r.Exchange {
					if f.LastStir != nil {
						out(unix(*f.LastStir), f.Path)
					}
				}
			}, "path"),
		gauge("listener_missing", "1 if a listening socket's path no longer leads to it.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, l := range r.Listeners {
					out(truth(l.Missing), l.Address)
				}
			}, "address"),
		gauge("listener_failing", "1 if a listening socket cannot be opened, or does not answer.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, l := range r.Listeners {
					out(truth(l.Error != ""), l.Address)
				}
			}, "address"),
	}
}

func clientMetrics() []metric {
	each := func(get func(*control.Clients) map[string]uint64) func(*control.Report, func(float64, ...string)) {
		return func(r *control.Report, out func(float64, ...string)) {
			for name, n := range get(&r.Clients) {
				out(float64(n), name)
			}
		}
	}
	total := func(get func(*control.Clients) uint64) func(*control.Report, func(float64, ...string)) {
		return one(func(r *control.Report) uint64 { return get(&r.Clients) })
	}
	return []metric{
		gauge("clients", "Connections now.", one(func(r *control.Report) int64 { return r.Clients.Now })),
		counter("connections", "Connections admitted.", total(func(c *control.Clients) uint64 { return c.Ever })),
		counter("requests", "Requests answered in full, by command.", each(func(c *control.Clients) map[string]uint64 { return c.Requests }), "command"),
		counter("sent_bytes", "Reply bytes that clients took.", total(func(c *control.Clients) uint64 { return c.BytesOut })),
		counter("short_replies", "Replies that were short although prngd was seeded; always 0.", total(func(c *control.Clients) uint64 { return c.Short })),
		counter("empty_replies", "Requests answered with nothing while unseeded.", total(func(c *control.Clients) uint64 { return c.Empty })),
		counter("refused_connections", "Connections refused, by reason.", each(func(c *control.Clients) map[string]uint64 { return c.Refused }), "reason"),
		gauge("last_refusal_timestamp_seconds", "When a limit last refused a connection, Unix time.",
			stamp(func(r *control.Report) *time.Time { return r.Clients.LastRefusal })),
		counter("unknown_commands", "Connections closed for a byte that is no command.", total(func(c *control.Clients) uint64 { return c.Unknown })),
		counter("partial_requests", "Connections that ended inside a request.", total(func(c *control.Clients) uint64 { return c.Partial })),
		counter("timeouts", "Connections closed for a request or a reply that took too long.", total(func(c *control.Clients) uint64 { return c.Timeouts })),
		counter("credit_denied", "Writes that claimed entropy and were not credited.", total(func(c *control.Clients) uint64 { return c.CreditDenied })),
	}
}
