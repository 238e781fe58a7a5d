// The buttons that save the results as a file, and the one that clears the page.
import { byId, make } from "./elements.js";
import { asCsv, rowsOf } from "./results-table.js";
import type { Workbench } from "./workbench.js";

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
