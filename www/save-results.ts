// Results as a file: a table for a spreadsheet, or everything as JSON.
import { byId, make } from "./elements.js";
import { parts } from "./stage-times.js";
import { verdictOf } from "./verdict.js";
import type { Workbench } from "./workbench.js";

type Row = Record<string, string | number | undefined>;

function rowsOf(bench: Workbench): Row[] {
	const { texture, threshold } = bench;
	return bench.photos.map((photo): Row => {
		const outcome = bench.outcome(photo);
		const base = { photo: photo.name, texture: texture?.title ?? "", threshold };
		if (!outcome) return { ...base, verdict: "not inspected" };
		if ("error" in outcome) return { ...base, verdict: "error", error: outcome.error };
		const { inspection, device } = outcome.result;
		const times = Object.fromEntries(
			[...parts, "total" as const].map((part) => [`${part}_ms`, inspection.milliseconds[part]]),
		);
		const verdict = verdictOf(outcome, threshold);
		return { ...base, verdict, score: inspection.score, route: device.route, device: device.name, ...times };
	});
}

function cell(value: string | number | undefined): string {
	const text = String(value ?? "");
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv(rows: readonly Row[]): string {
	const timeColumns = [...parts, "total"].map((part) => `${part}_ms`);
	const columns = [
		"photo",
		"texture",
		"verdict",
		"score",
		"threshold",
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
	const nothing = !bench.photos.some((photo) => bench.outcome(photo));
	byId("save-csv", "button").disabled = nothing;
	byId("save-json", "button").disabled = nothing;
	byId("clear", "button").disabled = bench.photos.length === 0;
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
