// The results of all photos as rows, and as a CSV file for a spreadsheet.
import { parts } from "./stage-times.js";
import { notesOn, verdictOf } from "./verdict.js";
import type { Workbench } from "./workbench.js";

export type Row = Record<string, string | number | undefined>;

export function rowsOf(bench: Workbench): Row[] {
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
		const found = { verdict, score: inspection.score, notes: notesOn(outcome, threshold).join(" ") };
		return { ...base, ...found, route: device.route, device: device.name, ...times };
	});
}

/** The beginnings that make a spreadsheet compute a cell, even a file name. An apostrophe before them makes it text. */
const formula = /^[=+\-@\t\r\n]/;

function cell(value: string | number | undefined): string {
	const plain = String(value ?? "");
	const text = typeof value === "string" && formula.test(plain) ? `'${plain}` : plain;
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function asCsv(rows: readonly Row[]): string {
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
