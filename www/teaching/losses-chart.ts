// The chart of the losses on held-out photos, a line for each embedder, while they are trained.
import { makeSvg, svgById } from "../elements.js";
import { largest } from "../figures.js";
import type { Losses } from "./teacher.js";

const svg = svgById("teach-losses");
const width = 240;
const height = 80;
const margin = 4;

let shown = 0;

export function renderLosses(losses: readonly Losses[], busy: boolean): void {
	svg.classList.toggle("busy", busy);
	if (losses.length === shown) return;
	shown = losses.length;
	const highest = largest(losses.map(({ validation }) => validation));
	const steps = largest(losses.map(({ step }) => step));
	const x = (step: number) => margin + ((width - 2 * margin) * step) / steps;
	const y = (value: number) => height - margin - ((height - 2 * margin) * value) / highest;
	const members = [...new Set(losses.map(({ member }) => member))];
	const lines = members.map((member) => {
		const points = losses.filter((point) => point.member === member);
		const at = points.map(({ step, validation }) => `${x(step).toFixed(1)},${y(validation).toFixed(1)}`);
		return makeSvg("polyline", { class: "loss", points: at.join(" ") });
	});
	const last = losses.at(-1);
	const words = last ? `Loss on held-out photos, ${last.validation.toFixed(2)} at step ${last.step}` : "";
	svg.replaceChildren(makeSvg("title", {}, words), ...lines);
}
