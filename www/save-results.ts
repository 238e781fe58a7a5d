// The buttons that save the results as a file, and the one that clears the page.
import { byId } from "./elements.js";
import { asCsv, rowsOf } from "./results-table.js";
import { saveFile } from "./save-file.js";
import type { Workbench } from "./workbench.js";

export function renderSave(bench: Workbench): void {
	const nothing = !bench.album.photos.some((photo) => bench.album.outcome(photo));
	byId("save-csv", "button").disabled = nothing;
	byId("save-json", "button").disabled = nothing;
	byId("clear", "button").disabled = bench.album.photos.length === 0;
}

export function wireSave(bench: Workbench): void {
	byId("save-csv", "button").addEventListener("click", () => {
		saveFile("inspection.csv", new Blob([asCsv(rowsOf(bench))], { type: "text/csv" }));
	});
	byId("save-json", "button").addEventListener("click", () => {
		const text = JSON.stringify(rowsOf(bench), null, "\t");
		saveFile("inspection.json", new Blob([text], { type: "application/json" }));
	});
	byId("clear", "button").addEventListener("click", () => {
		bench.clear();
		byId("open", "button").focus();
	});
}
