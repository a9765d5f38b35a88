// A plot of a few series over time, in SVG.
import { clock, make } from "./text.js";

const height = 144, left = 58, right = 8, top = 8, bottom = 20;

function shape(tag, attributes, text) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	if (text !== undefined) e.textContent = text;
	return e;
}

export class Plot {
	// series(points) returns [{name, values}], a value or null for each point;
	// axis is a pair of functions: format writes a value, top rounds one up; without
	// top the scale is logarithmic, in decades, and one spike flattens nothing.
	constructor(parent, id, title, [format, topOf], series) {
		Object.assign(this, { title, format, topOf, series, points: [], cursor: null, colours: new Map() });
		this.figure = make("figure", null, { id });
		const caption = make("figcaption", title);
		this.read = make("output", "", { "aria-live": "off" });
		caption.append(this.read);
		this.svg = shape("svg", { class: "plot", tabindex: "0", role: "img" });
		this.legend = make("ul", null, { class: "legend" });
		this.figure.append(caption, this.svg, this.legend);
		parent.append(this.figure);
		this.svg.addEventListener("keydown", (e) => this.key(e));
		this.svg.addEventListener("blur", () => this.point(null));
		this.svg.addEventListener("pointermove", (e) => this.pointAt(e.offsetX));
		this.svg.addEventListener("pointerleave", () => this.point(null));
		new ResizeObserver(() => this.draw()).observe(this.svg);
	}

	show(points, from, to) {
		if (this.cursor !== null && this.points.length) { // stay at the same moment
			const t = this.points[this.cursor]?.t;
			this.cursor = Math.max(0, points.findIndex((p) => p.t >= t));
		}
		Object.assign(this, { points, from, to });
		this.draw();
	}

	// colour gives a name the same class for ever.
	colour(name) {
		if (!this.colours.has(name)) this.colours.set(name, "s" + Math.min(this.colours.size, 5));
		return this.colours.get(name);
	}

	draw() {
		if (this.from === undefined) return;
		const width = this.svg.clientWidth || 500;
		this.lines = this.series(this.points);
		const marks = this.scale();
		this.x = (t) => left + ((t - this.from) / (this.to - this.from)) * (width - left - right);
		const parts = marks.flatMap((v) => [
			shape("line", { class: "grid", x1: left, x2: width - right, y1: this.y(v), y2: this.y(v) }),
			shape("text", { x: left - 6, y: this.y(v) + 4, "text-anchor": "end" }, v === 0 ? "0" : this.format(v)),
		]);
		for (const [t, anchor] of [[this.from, "start"], [(this.from + this.to) / 2, "middle"], [this.to, "end"]])
			parts.push(shape("text", { x: this.x(t), y: height - 4, "text-anchor": anchor }, clock(t)));
		for (const line of this.lines) parts.push(...this.runs(line));
		if (!marks.length) parts.push(shape("text", { class: "none", x: width / 2, y: height / 2, "text-anchor": "middle" }, "nothing to show yet"));
		this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
		this.svg.replaceChildren(...parts);
		this.drawLegend();
		this.drawCursor();
	}

	// scale sets y, and returns the values to mark on it: none where nothing is known.
	scale() {
		const known = this.lines.flatMap((l) => l.values).filter((v) => v !== null && v !== undefined), room = height - top - bottom;
		if (!known.length) return [];
		const greatest = known.reduce((a, b) => Math.max(a, b), 0);
		if (this.topOf) {
			const most = this.topOf(greatest);
			this.y = (v) => top + (1 - v / most) * room;
			return [0, most / 2, most];
		}
		const least = known.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), greatest || 1e-4);
		const from = Math.floor(Math.log10(least) + 1e-9), to = Math.max(from + 1, Math.ceil(Math.log10(greatest || 1e-3) - 1e-9));
		this.y = (v) => top + (1 - (Math.log10(Math.max(v, 10 ** from)) - from) / (to - from)) * room;
		return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
	}

	// runs are the parts of a line between points where nothing is known.
	runs(line) {
		const shapes = [];
		let run = [];
		const end = () => {
			if (run.length === 1) shapes.push(shape("circle", { class: "dot " + this.colour(line.name), cx: run[0][0], cy: run[0][1], r: 1.5 }));
			if (run.length > 1) shapes.push(shape("polyline", { class: this.colour(line.name), points: run.map((p) => p.join(",")).join(" ") }));
			run = [];
		};
		line.values.forEach((v, i) => {
			if (v === null || v === undefined) return end();
			run.push([this.x(this.points[i].t).toFixed(1), this.y(v).toFixed(1)]);
		});
		end();
		return shapes;
	}

	// The legend has the values beside the names; the list is made again only
	// when the names change.
	drawLegend() {
		const names = this.lines.map((l) => l.name);
		if (names.join("\n") === this.named) return;
		this.named = names.join("\n");
		this.legend.hidden = names.length < 2;
		this.legend.replaceChildren(...names.map((name) => {
			const sample = shape("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" });
			sample.append(shape("line", { class: this.colour(name), x1: 0, x2: 28, y1: 4, y2: 4, "stroke-width": 2 }));
			const item = make("li", null, { title: name });
			item.append(sample, ` ${name.length > 24 ? name.slice(0, 23) + "…" : name} `, make("b"));
			return item;
		}));
	}

	drawCursor() {
		this.svg.querySelector(".cursor")?.remove();
		const at = this.cursor ?? this.points.length - 1;
		if (at < 0 || !this.lines) return;
		const values = this.lines.map((l) => this.format(l.values[at])), when = this.cursor === null ? "" : clock(this.points[at].t) + " ";
		this.read.textContent = when + (values.length === 1 ? values[0] : "");
		this.legend.querySelectorAll("b").forEach((b, i) => { b.textContent = values[i]; });
		const all = values.length === 1 ? values : this.lines.map((l, i) => `${l.name} ${values[i]}`);
		this.svg.setAttribute("aria-label", `${this.title}: ${when}${all.join(", ")}`);
		if (this.cursor !== null) {
			const x = this.x(this.points[at].t);
			this.svg.append(shape("line", { class: "cursor", x1: x, x2: x, y1: top, y2: height - bottom }));
		}
	}

	point(cursor) {
		this.cursor = cursor;
		this.read.setAttribute("aria-live", cursor === null ? "off" : "polite");
		this.drawCursor();
	}

	pointAt(x) {
		if (!this.points.length || !this.x) return;
		const distance = (p) => Math.abs(this.x(p.t) - x);
		this.point(this.points.reduce((best, p, i) => (distance(p) < distance(this.points[best]) ? i : best), 0));
	}

	key(e) {
		const last = this.points.length - 1, at = this.cursor ?? last;
		const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 30, PageDown: at + 30, Home: 0, End: last, Escape: null }[e.key];
		if (to === undefined || last < 0) return;
		e.preventDefault();
		this.point(to === null ? null : Math.min(Math.max(to, 0), last));
	}
}
