// The page asks for the next point; the answer comes when there is one.
import { Plot } from "./plot.js";
import { ago, binaryTop, decimalTop, make, number, percentile, size, span, spanTop } from "./text.js";

const $ = (id) => document.getElementById(id);
const body = document.body;
const marks = { ok: "✓", degraded: "!", critical: "✗", unknown: "?" };
const troubled = (s) => ["failing", "hung", "retired"].includes(s.state);

let next = 0, points = [], paused = false, view = null, heard = Date.now(), unfolded = false;

const field = (name, title) => (list) => [{ name: title, values: list.map((p) => p[name]) }];

// credited has a line for each of the six sources that gave most; the table has them all.
function credited(list) {
	const last = list.findLast((p) => p.bits)?.bits ?? {};
	const names = Object.keys(last).sort((a, b) => last[b] - last[a] || (a < b ? -1 : 1)).slice(0, 6);
	return names.map((name) => ({ name, values: list.map((p) => p.bits?.[name] ?? null) }));
}

// percentiles are those of the last half minute before each point.
const percentiles = (list) => [["p50", 0.5], ["p99", 0.99]].map(([name, part]) => ({
	name, values: list.map((p, i) => (p.latency === null ? null : percentile(list.slice(Math.max(0, i - 29), i + 1).map((q) => q.latency), part))),
}));

const counted = [number, decimalTop], timed = [span, spanTop], sized = [size, binaryTop];
const plots = [
	new Plot($("plots"), "plot-requests", "Requests a second", counted, field("requests", "requests")),
	new Plot($("plots"), "plot-latency", "Latency of a read", [span], percentiles),
	new Plot($("plots"), "plot-bits", "Bits credited, by source", counted, credited),
	new Plot($("plots"), "plot-clients", "Clients", counted, field("clients", "clients")),
	new Plot($("plots"), "plot-age", "Age of the seed", timed, (list) => [...field("reseed_age", "since reseed")(list), ...field("save_age", "since saved")(list)]
		.filter((line) => line.values.some((v) => v !== null))),
	new Plot($("plots"), "plot-sent", "Bytes sent a second", sized, field("sent", "sent")),
];

function drawPlots() {
	if (!points.length) return;
	const to = points.at(-1).t, from = to - Number($("span").value);
	const seen = points.filter((p) => p.t >= from);
	for (const plot of plots) plot.show(seen, from, to);
}

function pairs(list) {
	return list.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", name), make("dd", value)]);
}

function drawTiles(r, last) {
	const g = r.generator;
	const tiles = [
		["State", g.state === "unseeded" ? `unseeded, ${g.first_seed_bits} of ${g.first_seed_required_bits} bits` : g.state.replace("_", " ")],
		["Requests/s", number(last.requests)],
		["Read latency", `${span(percentile(points.slice(-30).map((p) => p.latency), 0.5))}, p99 ${span(percentile(points.slice(-30).map((p) => p.latency), 0.99))}`],
		["Clients", `${number(last.clients)} of ${number(r.clients.admitted)} admitted`],
		["Sent", size(r.clients.sent_bytes)],
		["Short replies", number(r.clients.short_replies)],
		["Last reseed", ago(g.last_reseed ?? g.seeded_at, r.now)],
		["Seed file", r.seed.error ? "failing" : !r.seed.path ? "none kept" : "saved " + ago(r.seed.last_save, r.now)],
	];
	$("tiles").replaceChildren(...tiles.map(([name, value]) => {
		const tile = make("div");
		tile.append(make("dt", name), make("dd", value));
		return tile;
	}));
}

// quiet is a source of our own that counts nothing, and with which nothing is wrong.
const quiet = (s) => !troubled(s) && !s.credit_bits_per_byte && !s.credited_bits && !s.name.includes(":");

function cell(label, text, attributes = {}) {
	return make("td", text, { "data-label": label, ...attributes });
}

// credit is what counts of a byte, in bits, and the running estimate beside it.
function credit(s) {
	const bits = (n) => String(Number(n.toPrecision(3))); // 1/64 is not 0.0
	if (!s.credit_bits_per_byte) return "–";
	const used = s.samples ? s.effective_credit_bits_per_byte : s.credit_bits_per_byte;
	return bits(used) + (s.estimate_bits_per_byte === undefined ? "" : ` of ${bits(s.estimate_bits_per_byte)}`);
}

function sourceRows(s, r) {
	const row = make("tr", null, { "data-source": s.name, "data-state": s.state });
	const mark = view.stale ? "was " : troubled(s) ? "✗ " : s.state === "healthy" ? "✓ " : "· ";
	row.append(
		make("th", s.name, { scope: "row" }),
		cell("State", mark + s.state, { class: "state" }),
		cell("Every", s.every_seconds ? span(s.every_seconds) : "–", { class: "n" }),
		cell("Samples", number(s.samples), { class: "n" }),
		cell("Credit of estimate", credit(s), { class: "n", title: "bits a byte" }),
		cell("Credited bits", number(s.credited_bits), { class: "n" }),
		cell("Errors", number(s.errors ?? 0), { class: "n" }),
		cell("Last sample", ago(s.last_sample, r.now), { class: "n" }),
	);
	const text = s.last_error ? `${s.last_error} (${ago(s.last_error_at, r.now)})` : s.detail;
	if (!text) return [row];
	const more = make("tr", null, { class: s.last_error ? "error" : "detail", "data-state": s.state });
	more.append(make("td", text, { colspan: 8, title: text }));
	return [row, more];
}

// quietRow stands for all quiet sources; its button shows them.
function quietRow(list) {
	const row = make("tr", null, { class: "quiet", "data-quiet": list.length });
	const name = make("th", null, { scope: "row" }), button = make("button", unfolded ? "Hide" : "Show", { type: "button", "aria-expanded": unfolded });
	button.addEventListener("click", () => { unfolded = !unfolded; draw(); document.querySelector(".quiet button")?.focus(); });
	name.append(`${list.length} that count nothing `, button);
	const states = counts(Object.groupBy ? Object.fromEntries(Object.entries(Object.groupBy(list, (s) => s.state)).map(([k, v]) => [k, v.length])) : {});
	row.append(name, make("td", `${list.map((s) => s.name).join(", ")}: ${view.stale ? "was " : ""}${states}`, { colspan: 7, class: "names" }));
	return row;
}

function drawSources(r) {
	const all = [...r.sources ?? []].sort((a, b) => troubled(b) - troubled(a) || b.credited_bits - a.credited_bits);
	const few = all.filter(quiet), focused = document.activeElement?.closest?.(".quiet");
	const folded = few.length > 1;
	const rows = all.filter((s) => !folded || !quiet(s)).flatMap((s) => sourceRows(s, r));
	if (folded) rows.push(quietRow(few), ...(unfolded ? few.flatMap((s) => sourceRows(s, r)) : []));
	$("rows").replaceChildren(...rows);
	if (focused) document.querySelector(".quiet button")?.focus();
}

const counts = (map) => Object.entries(map ?? {}).filter(([, n]) => n).sort().map(([name, n]) => `${name} ${n}`).join(", ");

function checks(list) {
	const failing = list.filter((c) => c.expected !== c.actual);
	if (!failing.length) return list.length && `${list.length}, all as asked for`;
	return failing.map((c) => `${c.what} is ${c.actual}, asked for ${c.expected}`).join("; ");
}

function drawRest(r, v) {
	const g = r.generator;
	$("rest").replaceChildren(...pairs([
		["Seeded", g.seeded_at && `${ago(g.seeded_at, r.now)}, after ${span(g.seed_seconds ?? 0)} by ${(g.seeded_by ?? []).join(", ")}`],
		["Generator", `${g.reseeds} reseeds, ${g.stirs} stirs, ${g.generate_requests} requests; kernel RNG ${g.kernel_rng ? "yes" : "no"}`],
		["Seed file", [r.seed.path, r.seed.error].filter(Boolean).join(": ")],
		["Checks", checks(r.checks ?? [])],
		["Change", r.change && `${r.change.kind} refused ${ago(r.change.at, r.now)}: ${r.change.error} (${r.change.status === 78 ? "it can never work" : "it may work later"})`],
		...(r.exchange ?? []).map((f) => ["Exchange file", `${f.path}: ${f.cycles} cycles, ${f.skipped} skipped, last ${ago(f.last_stir, r.now)}${f.error ? "; " + f.error : ""}`]),
		["Listening", (r.listeners ?? []).map((l) => l.address + (l.error ? ` (${l.error})` : l.missing ? " (removed)" : "")).join(", ")],
		["Requests", counts(r.clients.requests)],
		["Refused", counts(r.clients.refused)],
		["Not protected", (g.memory_unprotected ?? []).concat(r.process.protections_missing ?? []).join(", ")],
		["Sandbox", (r.process.protections ?? []).join(", ")],
		["Configuration", r.config.path && `${r.config.path}: ${r.config.commands} commands, ${r.config.undef} undef, ${r.config.rejected} rejected`],
		["Probe", v.probe_error],
	]));
	$("log").hidden = !(v.warnings ?? []).length;
	$("lines").replaceChildren(...(v.warnings ?? []).map((line) => make("li", line)));
}

function setHealth(health, reasons) {
	if (body.dataset.health !== health) { // else a screen reader would say it every second
		body.dataset.health = health;
		$("word").textContent = health;
		document.querySelector("#health .mark").textContent = marks[health];
	}
	document.title = `${health} – prngd`;
	const text = reasons ?? [];
	if ($("reasons").dataset.text !== text.join("\n")) {
		$("reasons").dataset.text = text.join("\n");
		$("reasons").replaceChildren(...text.map((reason) => make("li", reason)));
	}
}

// setSeen says over everything how old it is when the daemon is gone, or we are.
function setSeen() {
	const silent = (Date.now() - heard) / 1000, lost = silent > 8;
	const gone = view?.stale || lost;
	$("gone").hidden = !gone;
	body.dataset.stale = Boolean(gone);
	if (!gone) return;
	const what = lost ? "egdquery serve does not answer" : "prngd does not answer";
	$("gone").textContent = view?.report ? `${what}. Last seen ${span(view.unseen + Math.max(0, silent - 1))} ago: nothing below is newer.` : `${what}. It was not seen yet.`;
}

function draw() {
	setSeen();
	setHealth(view.health, view.reasons);
	if (view.report) {
		const r = view.report;
		$("program").textContent = r.program;
		$("life").textContent = `pid ${r.pid}, up ${span((Date.parse(r.now) - Date.parse(r.started)) / 1000)}`;
		drawTiles(r, points.at(-1) ?? {});
		drawSources(r);
		drawRest(r, view);
	}
	const line = () => document.querySelector("#plot-requests polyline")?.getAttribute("points");
	const before = line();
	drawPlots();
	body.dataset.updates = Number(body.dataset.updates) + 1;
	if (before !== undefined && line() !== before) body.dataset.moves = Number(body.dataset.moves) + 1;
	body.dataset.peak = Math.max(0, ...points.map((p) => p.requests ?? 0)).toFixed(1);
}

async function ask() {
	const answer = await fetch(`data?after=${next}`);
	if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
	view = await answer.json();
	heard = Date.now();
	if (view.first !== next) points = [];
	next = view.next;
	points = points.concat(view.points).slice(-3600);
}

async function follow() {
	for (;;) {
		let wait = 50;
		try {
			await ask();
			if (!paused) draw();
		} catch (error) {
			setHealth("unknown", [`egdquery serve does not answer: ${error.message}`]);
			setSeen();
			wait = 1000;
		}
		await new Promise((done) => setTimeout(done, wait));
	}
}

function pause() {
	paused = !paused;
	$("pause").setAttribute("aria-pressed", paused);
	$("pause").textContent = paused ? "Go on" : "Pause";
	if (!paused && view) draw();
}

$("pause").addEventListener("click", pause);
$("span").addEventListener("change", drawPlots);
document.addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.altKey || e.metaKey || e.target.closest("select, input")) return;
	const span = { 1: "60", 5: "300", f: "900", h: "3600" }[e.key];
	if (e.key === "p") pause();
	if (span) {
		$("span").value = span;
		drawPlots();
	}
});

follow();
