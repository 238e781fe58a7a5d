// The time that each stage of the selected photo took, and the device.
import type { DeviceInfo, LoadTimes, Milliseconds } from "./contract.js";
import { byId, make } from "./elements.js";
import { asMilliseconds } from "./figures.js";
import { resultIn } from "./outcomes.js";
import { routeNames } from "./routes.js";
import type { Workbench } from "./workbench.js";

type Part = Exclude<keyof Milliseconds, "total">;

export const parts: readonly Part[] = ["decode", "preprocess", "extractor", "embedder", "score", "map"];

const loads: [keyof LoadTimes, string][] = [
	["wasm", "program"],
	["device", "device"],
	["extractor", "extractor"],
	["category", "model"],
];

export function deviceName({ route, name, software }: DeviceInfo): string {
	// The engine's name for the CPU says enough.
	if (route === "cpu") return name;
	return `${routeNames[route]}: ${name}${software ? ", software adapter" : ""}`;
}

function loadText(load: LoadTimes): string {
	const made = loads.filter(([part]) => load[part] > 0);
	if (made.length === 0) return "";
	const words = made.map(([part, word]) => `${word} ${asMilliseconds(load[part])}`);
	return `Loaded first: ${words.join(", ")}.`;
}

function row(name: string, value: number, total: number): HTMLElement {
	const bar = make("i", { class: "stage-bar", "aria-hidden": "true" });
	bar.style.setProperty("--part", String(value / total));
	return make("div", {}, make("dt", {}, name), make("dd", { class: "figure" }, asMilliseconds(value)), bar);
}

export function renderStageTimes({ album }: Workbench): void {
	const outcome = album.selected && album.outcome(album.selected);
	const result = resultIn(outcome);
	byId("stages-device", "p").textContent = result ? deviceName(result.device) : "–";
	byId("stages-load", "p").textContent = result ? loadText(result.load) : "";
	const list = byId("stages-list", "dl");
	if (!result) {
		list.replaceChildren();
		return;
	}
	const { milliseconds } = result.inspection;
	const rows = parts.map((part) => row(part, milliseconds[part], milliseconds.total));
	list.replaceChildren(...rows, row("total", milliseconds.total, milliseconds.total));
}
