// The page asks for the next point; the answer comes when there is one.
import { Plot } from "./plot.js";
import { ago, binaryTop, decimalTop, make, number, size, span, spanTop } from "./text.js";

const $ = (id) => document.getElementById(id);
const body = document.body;
const marks = { ok: "✓", degraded: "!", critical: "✗", unknown: "?" };
const troubled = (s) => s.state === "failing" || s.state === "hung";

let next = 0, points = [], paused = false, view = null;

const field = (name, title) => (list) => [{ name: title, values: list.map((p) => p[name]) }];

// credited has a line for each of the six sources that gave most; the table has them all.
function credited(list) {
	const last = list.findLast((p) => p.bits)?.bits ?? {};
	const names = Object.keys(last).sort((a, b) => last[b] - last[a] || (a < b ? -1 : 1)).slice(0, 6);
	return names.map((name) => ({ name, values: list.map((p) => p.bits?.[name] ?? null) }));
}

const counted = [number, decimalTop], timed = [span, spanTop], sized = [size, binaryTop];
const plots = [
	new Plot($("plots"), "plot-requests", "Requests a second", counted, field("requests", "requests")),
	new Plot($("plots"), "plot-latency", "Latency of a read", timed, field("latency", "latency")),
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
		["Gate", g.state === "shut" ? `shut, ${g.gate_bits} of ${g.gate_needs} bits` : g.state],
		["Requests/s", number(last.requests)],
		["Read latency", span(last.latency)],
		["Clients", `${number(r.clients.now)} of ${number(r.clients.ever)} ever`],
		["Sent", size(r.clients.bytes_out)],
		["Short replies", number(r.clients.short_replies)],
		["Last reseed", ago(g.last_reseed ?? g.seeded_at, r.now)],
		["Seed file", !r.seed.path ? "none kept" : r.seed.error ? "failing" : "saved " + ago(r.seed.last_save, r.now)],
	];
	$("tiles").replaceChildren(...tiles.map(([name, value]) => {
		const tile = make("div");
		tile.append(make("dt", name), make("dd", value));
		return tile;
	}));
}

function drawSources(r) {
	const list = [...r.sources ?? []].sort((a, b) => troubled(b) - troubled(a) || b.credited_bits - a.credited_bits);
	$("rows").replaceChildren(...list.map((s) => {
		const row = make("tr", null, { "data-source": s.name, "data-state": s.state });
		row.append(
			make("th", s.name, { scope: "row" }),
			make("td", (troubled(s) ? "✗ " : s.state === "healthy" ? "✓ " : "· ") + s.state, { class: "state" }),
			make("td", s.every_seconds ? span(s.every_seconds) : "–", { class: "n" }),
			make("td", number(s.samples), { class: "n" }),
			make("td", number(s.credited_bits), { class: "n" }),
			make("td", number(s.errors ?? 0), { class: "n" }),
			make("td", ago(s.last_sample, r.now), { class: "n" }),
			make("td", s.last_error ? `${s.last_error} (${ago(s.last_error_at, r.now)})` : s.detail ?? "", { class: "error" }),
		);
		return row;
	}));
}

const counts = (map) => Object.entries(map ?? {}).filter(([, n]) => n).sort().map(([name, n]) => `${name} ${n}`).join(", ");

function drawRest(r, v) {
	const g = r.generator;
	$("rest").replaceChildren(...pairs([
		["Seeded", g.seeded_at && `${ago(g.seeded_at, r.now)}, after ${span(g.seed_seconds ?? 0)} by ${(g.seeded_by ?? []).join(", ")}`],
		["Generator", `${g.reseeds} reseeds, ${g.stirs} stirs, ${g.generates} generates; kernel RNG ${g.kernel_rng ? "yes" : "no"}`],
		["Seed file", r.seed.path && r.seed.path + (r.seed.error ? ": " + r.seed.error : "")],
		...(r.exchange ?? []).map((f) => ["Exchange file", `${f.path}: ${f.cycles} cycles, ${f.skipped} skipped, last ${ago(f.last_stir, r.now)}${f.error ? "; " + f.error : ""}`]),
		["Listening", (r.listeners ?? []).map((l) => l.address + (l.missing ? " (removed)" : "")).join(", ")],
		["Requests", counts(r.clients.requests)],
		["Refused", counts(r.clients.refused)],
		["Not protected", (g.memory_unprotected ?? []).concat(r.process.missing ?? []).join(", ")],
		["Sandbox", (r.process.sandbox ?? []).join(", ")],
		["Configuration", r.config.path && `${r.config.path}: ${r.config.commands} commands, ${r.config.undef} undef, ${r.config.rejected} rejected`],
		["Probe", v.probe_error],
	]));
	$("log").hidden = !(r.log ?? []).length;
	$("lines").replaceChildren(...(r.log ?? []).map((line) => make("li", line)));
}

function setHealth(health, reasons, stale) {
	if (body.dataset.health !== health) { // else a screen reader would say it every second
		body.dataset.health = health;
		$("word").textContent = health;
		document.querySelector("#health .mark").textContent = marks[health];
	}
	document.title = `${health} – prngd`;
	body.dataset.stale = stale;
	const text = reasons ?? [];
	if ($("reasons").dataset.text !== text.join("\n")) {
		$("reasons").dataset.text = text.join("\n");
		$("reasons").replaceChildren(...text.map((reason) => make("li", reason)));
	}
}

function draw() {
	setHealth(view.health, view.reasons, view.stale);
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
	if (view.first !== next) points = [];
	next = view.next;
	points = points.concat(view.points).slice(-900);
}

async function follow() {
	for (;;) {
		let wait = 50;
		try {
			await ask();
			if (!paused) draw();
		} catch (error) {
			setHealth("unknown", [`egdquery serve does not answer: ${error.message}`], true);
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
	const span = { 1: "60", 5: "300", f: "900" }[e.key];
	if (e.key === "p") pause();
	if (span) {
		$("span").value = span;
		drawPlots();
	}
});

follow();
