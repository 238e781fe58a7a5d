// Draws an anomaly map in colours, and their legend.
import type { AnomalyMap, Scale } from "./anomaly-map.js";
import { colourIndex, colourTable } from "./colours.js";

export function drawMap(
	canvas: HTMLCanvasElement,
	{ values, width, height }: AnomalyMap,
	scale: Scale,
): void {
	canvas.width = width;
	canvas.height = height;
	const context = canvas.getContext("2d");
	if (!context) return;
	const image = context.createImageData(width, height);
	for (let i = 0; i < values.length; i++) {
		const value = values[i] ?? Number.NaN;
		if (Number.isNaN(value)) {
			// A veil lies over places that the model did not look at, so that they do not pass for good ones.
			image.data.set([90, 100, 105, 150], i * 4);
			continue;
		}
		const from = colourIndex(value, scale) * 4;
		image.data.set(colourTable.subarray(from, from + 4), i * 4);
	}
	context.putImageData(image, 0, 0);
}

export function drawLegend(canvas: HTMLCanvasElement): void {
	const count = colourTable.length / 4;
	canvas.width = count;
	canvas.height = 1;
	const context = canvas.getContext("2d");
	const image = context?.createImageData(count, 1);
	if (!context || !image) return;
	image.data.set(colourTable);
	context.putImageData(image, 0, 0);
}
