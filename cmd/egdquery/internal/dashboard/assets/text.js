// Numbers as people read them; null is not known.

export function number(n) {
	if (n === null || n === undefined) return "–";
	if (n < 10 && !Number.isInteger(n)) return n.toFixed(1);
	if (n < 9999.5) return n.toFixed(0);
	for (const unit of ["k", "M", "G", "T", "P", "E"]) {
		n /= 1000;
		if (n < 999.5) return n.toFixed(n < 99.95 ? 1 : 0) + unit;
	}
	return n.toExponential(1);
}

export function size(n) {
	if (n === null || n === undefined) return "–";
	for (const unit of ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]) {
		if (n < 1024 || unit === "EiB") return (unit === "B" ? n.toFixed(0) : n.toFixed(1)) + " " + unit;
		n /= 1024;
	}
}

// span writes seconds in their two largest units, as egdquery does in a terminal:
// 3d4h, 12m5s, 7s, 2.1ms.
export function span(s) {
	if (s === null || s === undefined) return "–";
	s = Math.max(s, 0);
	if (s < 1) return Number((s * 1e3).toPrecision(3)) + "ms";
	if (s < 60) return Math.floor(s) + "s";
	for (const [large, small, l, m] of [[60, 1, "m", "s"], [3600, 60, "h", "m"], [86400, 3600, "d", "h"]]) {
		if (s < large * (l === "m" ? 60 : l === "h" ? 24 : Infinity)) {
			const rest = Math.floor((s % large) / small);
			return Math.floor(s / large) + l + (rest ? rest + m : "");
		}
	}
}

export function ago(time, now) {
	if (!time) return "never";
	const s = (Date.parse(now) - Date.parse(time)) / 1000;
	return s < 1 ? "just now" : span(s) + " ago";
}

export function clock(t) {
	return new Date(t * 1000).toTimeString().slice(0, 8);
}

// make creates an element with text in it. Nothing is ever parsed as HTML:
// names and errors come from commands and files. A path may be broken after a slash.
export function make(tag, text, attributes = {}) {
	const e = document.createElement(tag);
	if (text !== undefined && text !== null) {
		e.append(...String(text).split(/(?<=\/)(?=\w\w)/).flatMap((part, i) => i ? [document.createElement("wbr"), part] : part));
	}
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	return e;
}

// The tops of axes: the least round value that is not below n.
const rounded = (n, steps, unit) => steps.find((step) => step * unit >= n * 0.9999999) * unit;

export function decimalTop(n) {
	if (!(n > 0)) return 1;
	return rounded(n, [1, 2, 5, 10], 10 ** Math.floor(Math.log10(n)));
}

export function binaryTop(n) {
	if (!(n > 1)) return 2;
	return rounded(n, [1, 2, 4, 10, 20, 40, 100, 200, 400, 1024], 1024 ** Math.floor(Math.log2(n) / 10));
}

export function spanTop(n) {
	if (n <= 10) return decimalTop(n > 0 ? n : 1e-4);
	const steps = [20, 60, 120, 240, 600, 1200, 3600, 7200, 14400, 43200, 86400];
	return n <= 86400 ? rounded(n, steps, 1) : decimalTop(n / 86400) * 86400;
}

// percentile of values that are known; null of none.
export function percentile(values, part) {
	const known = values.filter((v) => v !== null && v !== undefined).sort((a, b) => a - b);
	return known.length ? known[Math.min(known.length - 1, Math.floor(part * known.length))] : null;
}
