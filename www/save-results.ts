// Results as a file: a table for a spreadsheet, or everything as JSON.
import { byId, make } from "./elements.js";
import { parts } from "./stage-times.js";
import { verdictOf } from "./verdict.js";
import type { Workbench } from "./workbench.js";

type Row = Record<string, string | number | undefined>;

function rowsOf(bench: Workbench): Row[] {
	const { category, threshold } = bench.current;
	const judge = {
		threshold,
		model: category?.info?.name,
		model_sha256: category?.sha256 ?? "unknown: the page did not come over HTTPS",
		extractor_id: category?.info?.extractor_id,
	};
	return bench.album.photos.map((photo): Row => {
		const outcome = bench.album.outcome(photo);
		const base = { photo: photo.name, material: category?.title ?? "", ...judge };
		if (!outcome) return { ...base, verdict: "not inspected" };
		if ("error" in outcome) return { ...base, verdict: "error", error: outcome.error };
		const { inspection, device } = outcome.result;
		const times = Object.fromEntries(
			[...parts, "total" as const].map((part) => [`${part}_ms`, inspection.milliseconds[part]]),
		);
		const verdict = verdictOf(outcome, threshold);
		const found = { verdict, score: inspection.score, notes: inspection.notes.join(" ") };
		return { ...base, ...found, route: device.route, device: device.name, ...times };
	});
}

/** Spreadsheets compute what begins so, also in a file name: an apostrophe makes it text for them. */
const formula = /^[=+\-@\t\r\n]/;

function cell(value: string | number | undefined): string {
	const plain = String(value ?? "");
	const text = typeof value === "string" && formula.test(plain) ? `'${plain}` : plain;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv(rows: readonly Row[]): string {
	const timeColumns = [...parts, "total"].map((part) => `${part}_ms`);
	const columns = [
		"photo",
		"material",
		"verdict",
		"score",
		"threshold",
		"notes",
		"model",
		"model_sha256",
		"extractor_id",
		"route",
		"device",
		...timeColumns,
		"error",
	];
	const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
	return `${[columns.join(","), ...lines].join("\r\n")}\r\n`;
}

function save(name: string, type: string, text: string): void {
	const address = URL.createObjectURL(new Blob([text], { type }));
	make("a", { href: address, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function renderSave(bench: Workbench): void {
	const nothing = !bench.album.photos.some((photo) => bench.album.outcome(photo));
	byId("save-csv", "button").disabled = nothing;
	byId("save-json", "button").disabled = nothing;
	byId("clear", "button").disabled = bench.album.photos.length === 0;
}

export function wireSave(bench: Workbench): void {
	byId("save-csv", "button").addEventListener("click", () => {
		save("inspection.csv", "text/csv", asCsv(rowsOf(bench)));
	});
	byId("save-json", "button").addEventListener("click", () => {
		save("inspection.json", "application/json", JSON.stringify(rowsOf(bench), null, "\t"));
	});
	byId("clear", "button").addEventListener("click", () => {
		bench.clear();
		byId("open", "button").focus();
	});
}
