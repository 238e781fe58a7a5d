// What the current model is, in the words of its own file.
import { byId, make } from "./elements.js";
import { asPercent, asScore } from "./figures.js";
import type { Texture } from "./textures.js";
import type { Workbench } from "./workbench.js";

const views = {
	crop: "the centre square of the photo",
	resize: "the whole photo, brought to a square",
};

const aggregations = {
	mean: "the mean over all patches",
	max: "the most unusual patch",
};

function textureFacts({ info }: Texture): [string, string][] {
	if (!info) return [];
	return [
		["Texture", info.name],
		["Made from", info.provenance],
		["Good photos held back to set the threshold", String(info.normal_scores.length)],
		[
			"Threshold",
			`${asScore(info.threshold)}, set for ${asPercent(info.false_alarm_rate)} false alarms on them`,
		],
		["Clusters of good patches", String(info.clusters)],
		["Looks at", views[info.view]],
		["Score", aggregations[info.aggregation]],
	];
}

function extractorFacts({ extractor }: Texture): [string, string][] {
	const info = extractor?.info;
	if (!info) return [];
	return [
		["Extractor", `${info.architecture}, ${(info.parameters / 1e6).toFixed(1)} million parameters, frozen`],
		["Extractor made from", info.provenance],
		["Extractor’s id", info.id],
		["File format", `version ${info.format_version}`],
	];
}

export function renderAbout({ texture, textures }: Workbench): void {
	byId("about-note", "p").textContent = texture?.shipped ? textures.note : "";
	const facts = texture ? [...textureFacts(texture), ...extractorFacts(texture)] : [];
	const rows = facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
	byId("about-list", "dl").replaceChildren(...rows);
}
