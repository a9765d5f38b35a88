package metrics

import (
	"slices"
	"time"

	"prngd/internal/control"
)

// generatorStates are all values of a state: the present one is 1, the others 0,
// so that a rule may name any of them. Those of a source are control's.
var generatorStates = []string{control.StateUnseeded, control.StateReseedRequired, control.StateSeeded}

// table is every metric that a report gives, in the order of the document.
func table() []metric {
	return slices.Concat(daemonMetrics(), changeMetrics(), generatorMetrics(), sourceMetrics(), fileMetrics(), clientMetrics())
}

func daemonMetrics() []metric {
	return []metric{
		gauge("build_info", "Always 1; the program is in the label.",
			func(r *control.Report, out func(float64, ...string)) { out(1, r.Program) }, "program"),
		gauge("health", "0 ok, 1 degraded, 2 critical, as egdquery health says.",
			func(r *control.Report, out func(float64, ...string)) { h, _ := r.Health(); out(float64(h)) }),
		gauge("start_time_seconds", "When the process began, Unix time.",
			stamp(func(r *control.Report) *time.Time { return &r.Started })),
		counter("upgrades", "Times the program was replaced without losing a client.",
			one(func(r *control.Report) uint64 { return r.Process.Upgrades })),
		gauge("protections_missing", "Protections of the process that are not available.",
			one(func(r *control.Report) int { return len(r.Process.Missing) })),
		gauge("config_commands", "Commands in prngd.conf.", one(func(r *control.Report) int { return r.Config.Commands })),
		gauge("config_undef_entries", "Entries of prngd.conf whose program is marked undef.",
			one(func(r *control.Report) int { return r.Config.Undef })),
		gauge("config_rejected_entries", "Lines of prngd.conf that could not be used.",
			one(func(r *control.Report) int { return r.Config.Rejected })),
		gauge("config_pending_changes", "Changes of prngd.conf that wait for a restart.",
			one(func(r *control.Report) int { return len(r.Config.Pending) })),
	}
}

// changeMetrics are of what was asked for and is not so.
func changeMetrics() []metric {
	return []metric{
		gauge("check_failing", "1 if what was read back from the system is not what was asked for.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, c := range r.Checks {
					out(truth(!c.OK()), c.What)
				}
			}, "check"),
		gauge("change_refused", "1 if the last reload or upgrade was refused and nothing has mended it since.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, kind := range []string{"reload", "upgrade"} {
					out(truth(r.Change != nil && r.Change.Kind == kind), kind)
				}
			}, "kind"),
	}
}

func generatorMetrics() []metric {
	return []metric{
		gauge("generator_state", "1 for the present state: unseeded (never seeded), reseed_required (replies wait for a reseed) or seeded.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, s := range generatorStates {
					out(truth(s == r.Generator.State), s)
				}
			}, "state"),
		gauge("first_seed_entropy_bytes", "Credited entropy gathered towards the first seed, in units of 8 bits.",
			one(func(r *control.Report) float64 { return float64(r.Generator.FirstSeedBits) / 8 })),
		gauge("first_seed_required_entropy_bytes", "Credited entropy that the first seed takes, in units of 8 bits.",
			one(func(r *control.Report) float64 { return float64(r.Generator.FirstSeedRequired) / 8 })),
		gauge("seeded_timestamp_seconds", "When the first seed was complete, Unix time.",
			stamp(func(r *control.Report) *time.Time { return r.Generator.SeededAt })),
		gauge("seeding_duration_seconds", "From the start to the first seed.",
			func(r *control.Report, out func(float64, ...string)) {
				if r.Generator.SeededAt != nil {
					out(r.Generator.SeedSeconds)
				}
			}),
		counter("reseeds", "Reseeds with credited entropy (SP 800-90A).", one(func(r *control.Report) uint64 { return r.Generator.Reseeds })),
		gauge("last_reseed_timestamp_seconds", "When the last reseed was, Unix time.",
			stamp(func(r *control.Report) *time.Time { return r.Generator.LastReseed })),
		counter("stirs", "Times the pools were stirred in without a claim (Fortuna).", one(func(r *control.Report) uint64 { return r.Generator.Stirs })),
		counter("generate_requests", "Requests to the generator.", one(func(r *control.Report) uint64 { return r.Generator.Generates })),
		counter("generated_bytes", "Bytes that the generator made.", one(func(r *control.Report) uint64 { return r.Generator.Bytes })),
		gauge("kernel_rng", "1 if the kernel's generator gives bytes.", one(func(r *control.Report) float64 { return truth(r.Generator.Kernel) })),
		counter("clones", "Detected copies of a running machine.", one(func(r *control.Report) uint64 { return r.Generator.Clones })),
		counter("clock_jumps", "Detected jumps of the clock.", one(func(r *control.Report) uint64 { return r.Generator.ClockJumps })),
		gauge("memory_protections_missing", "Protections of the generator's memory that are not available.",
			one(func(r *control.Report) int { return len(r.Generator.Unprotected) })),
	}
}

func sourceMetrics() []metric {
	number := func(get func(control.Source) float64) func(*control.Report, func(float64, ...string)) {
		return func(r *control.Report, out func(float64, ...string)) {
			for _, s := range r.Sources {
				out(get(s), s.Name)
			}
		}
	}
	return []metric{
		gauge("source_state", "1 for the present state of a source.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, s := range r.Sources {
					for _, state := range control.SourceStates() {
						out(truth(state == s.State), s.Name, state)
					}
				}
			}, "source", "state"),
		counter("source_samples", "Good samples.", number(func(s control.Source) float64 { return float64(s.Samples) }), "source"),
		counter("source_bytes", "Bytes of good samples.", number(func(s control.Source) float64 { return float64(s.Bytes) }), "source"),
		counter("source_credited_entropy_bytes", "Entropy that samples counted for, in units of 8 bits.",
			number(func(s control.Source) float64 { return float64(s.Bits) / 8 }), "source"),
		counter("source_errors", "Samples that failed.", number(func(s control.Source) float64 { return float64(s.Errors) }), "source"),
		gauge("source_credit_ratio", "The part of a sample that counts as entropy; 1 is 8 bits a byte.",
			number(func(s control.Source) float64 { return s.Credit / 8 }), "source"),
		gauge("source_effective_credit_ratio", "The credit in force: the least of the configured one and an eighth of the estimate.",
			number(func(s control.Source) float64 { return s.Used / 8 }), "source"),
		gauge("source_estimate_ratio", "Min-entropy of the last samples by the running estimate; 1 is 8 bits a byte, good bytes give about 0.65.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, s := range r.Sources {
					if s.Estimate != nil {
						out(*s.Estimate/8, s.Name)
					}
				}
			}, "source"),
		counter("source_dropped_samples", "Samples that a health test has dropped.", number(func(s control.Source) float64 { return float64(s.Dropped) }), "source"),
		gauge("source_period_seconds", "Time between samples; 0 if the source has no period.", number(func(s control.Source) float64 { return s.Every }), "source"),
		gauge("source_sample_duration_seconds", "How long the last good sample took.", number(func(s control.Source) float64 { return s.Took }), "source"),
		gauge("source_last_sample_timestamp_seconds", "When the last good sample was, Unix time.",
			func(r *control.Report, out func(float64, ...string)) {
				for _, s := range r.Sources {
					if s.LastSample != nil {
						out(unix(*s.LastSample), s.Name)
					}
				}
			}, "source"),
	}
}
