// The section about the current model, with the facts from its file.

import type { Category } from "./categories.js";
import type { CategoryInfo } from "./contract.js";
import { byId, make } from "./elements.js";
import { asPercent, asScore, shortened } from "./figures.js";
import type { Workbench } from "./workbench.js";

/** Characters of one fact that the page shows. */
const longest = 2000;

const views = {
	fit: "the whole photo, brought to one size with the proportions of most photos",
	crop: "the centre square of the photo",
	resize: "the whole photo, brought to a square",
	tiles: "the whole photo, in overlapping windows at its own scale",
};

const methods = {
	cse: "CSE: a trained embedder and a bank of good patches",
	"mean-cosine": "cosine distance to the mean of good photos",
	gaussian: "Mahalanobis distance to good patches",
	"nearest-neighbours": "distance to the nearest good patch",
	patchcore: "PatchCore: distance to the nearest patch of a memory bank",
	padim: "PaDiM: Mahalanobis distance to good patches at the same position",
	classifier: "a classifier of embeddings, trained on good patches and synthetic defects",
};

const aggregations = {
	mean: "the mean over all patches",
	max: "the most unusual patch",
	top: "the mean of the most unusual tenth of the patches",
};

/** A sentence on what a model was trained from. */
function trainedFrom({ program, photos, preset, settings, seed }: CategoryInfo["provenance"]): string {
	const changes = settings.map(([name, value]) => `, ${name} ${value}`).join("");
	return `${photos} good photos, by ${program}: preset ${preset}${changes}, seed ${seed}`;
}

function categoryFacts({ info }: Category): [string, string][] {
	if (!info) return [];
	const facts: [string, string][] = [
		["Material", info.name],
		["Trained from", trainedFrom(info.provenance)],
		["Held-out scores that set the threshold", String(info.normal_scores.length)],
		[
			"Threshold",
			`${asScore(info.threshold)}, set for ${asPercent(info.false_positive_rate)} false alarms on them`,
		],
		["Looks at", views[info.view]],
		["Light", info.has_equal_exposure ? "every photo is brought to the same brightness" : "as it is"],
		["Method", methods[info.method]],
		["Score", `${aggregations[info.aggregation]}, as a multiple of the threshold`],
	];
	const cosine = info.method === "cse" || info.method === "mean-cosine";
	if (info.has_normal_range)
		facts.push(["Scale of the map", "1 is the edge of what is normal, 2 is four times as far"]);
	else if (cosine) facts.push(["Scale of the map", "cosine distance: 2 is as far away as can be"]);
	if (info.smoothing_sigma > 0)
		facts.push(["Smoothed over", `${asPercent(info.smoothing_sigma)} of a window’s side`]);
	const learns = info.method === "cse" || info.method === "classifier";
	if (learns) facts.push(["Embedders, averaged", String(info.members)]);
	if (info.has_density)
		facts.push(["Density", "counted too: how unlikely the coarse features are among good ones"]);
	if (info.has_density_map) facts.push(["Heatmap", "how unlikely the fine features are among good ones"]);
	if (info.method === "cse") facts.push(["Clusters of good patches", String(info.clusters)]);
	return facts;
}

function extractorFacts({ extractor }: Category): [string, string][] {
	const info = extractor?.info;
	if (!info) return [];
	return [
		["Extractor", `${info.architecture}, ${(info.parameters / 1e6).toFixed(1)} million parameters, frozen`],
		["Extractor made from", withoutSettings(info.provenance)],
		["Extractor’s id", info.id],
		["File format", `version ${info.format_version}`],
	];
}

/** The provenance up to the settings of its trainer, which the model card has. */
function withoutSettings(provenance: string): string {
	return provenance.split(/,? ?\{/)[0] ?? provenance;
}

let shown: unknown[] = [];

export function renderAbout({ current: { category }, categories }: Workbench): void {
	const now = [category, category?.info, category?.extractor?.info, categories.note];
	if (now.every((part, i) => part === shown[i]) && shown.length > 0) return;
	shown = now;
	byId("about-note", "p").textContent = category?.shipped ? categories.note : "";
	const facts = category ? [...categoryFacts(category), ...extractorFacts(category)] : [];
	const rows = facts.map(([name, value]) =>
		make("div", {}, make("dt", {}, name), make("dd", {}, shortened(value, longest))),
	);
	byId("about-list", "dl").replaceChildren(...rows);
}
