// What a reader takes away of the comparison: Markdown, JSON and a picture.
import { deviceWord, type Environment, isTimed, type Row } from "./results.js";
import { summaryOf } from "./summary.js";
import { columnsFor, figuresOf, paperName, weightOf } from "./table.js";

/** A table in Markdown, after a list of what it was measured on. */
export function markdown(rows: readonly Row[], about: Environment): string {
	const list = about.map(([name, value]) => `- ${name}: ${value}`);
	const shown = columnsFor(rows);
	const heads = ["Method", "Backbone", "On", ...shown.map(([head]) => head), "Weighs"];
	const lines = rows.flatMap((row) => {
		const { method, backbone, paper } = row.contender;
		const empty = shown.slice(1).map(() => "");
		const ofPaper = paper === undefined ? [] : [[method, backbone, paperName, `${paper} ms`, ...empty, ""]];
		const own = row.results.flatMap(([route, result]) => {
			if (!isTimed(result)) return [];
			const figures = figuresOf(row, route, summaryOf(result), shown);
			return [[method, backbone, deviceWord(route, result), ...figures, weightOf(row)]];
		});
		return [...ofPaper, ...own];
	});
	const rule = heads.map((_, index) => (index < 3 ? "---" : "---:"));
	const table = [heads, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`);
	return `${[...list, "", ...table].join("\n")}\n`;
}

/** Every run of every row. */
export function json(rows: readonly Row[], about: Environment): string {
	const measured = rows.flatMap(({ contender, results }) =>
		results.flatMap(([route, result]) => {
			if (typeof result === "string") return [];
			const { device, weight, cold, runs } = result;
			const { id, method, backbone, paper } = contender;
			const { multiply_adds } = runs[0] ?? {};
			const times = runs.map(({ multiply_adds: _, ...run }) => run);
			return [
				{ row: id, method, backbone, paper, route, device, ...weight, multiply_adds, cold, runs: times },
			];
		}),
	);
	const onnx = rows.flatMap((row) => (row.onnx ? [[row.contender.backbone, row.onnx.times] as const] : []));
	const whole = {
		environment: Object.fromEntries(about),
		rows: measured,
		// Milliseconds of each photo, by backbone.
		onnx_runtime_web: Object.fromEntries(onnx),
	};
	return `${JSON.stringify(whole, null, "\t")}\n`;
}

/** The picture as PNG, at twice its size. */
export async function png(svg: SVGSVGElement): Promise<Blob> {
	const source = new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
	const address = URL.createObjectURL(source);
	try {
		const image = new Image();
		image.src = address;
		await image.decode();
		const canvas = document.createElement("canvas");
		canvas.width = 2 * svg.width.baseVal.value;
		canvas.height = 2 * svg.height.baseVal.value;
		canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
		const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
		if (!made) throw new Error("This browser could not make the picture.");
		return made;
	} finally {
		URL.revokeObjectURL(address);
	}
}
