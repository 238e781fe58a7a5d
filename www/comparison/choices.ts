// The choice of what is measured: rows of the table and routes of this browser.
import type { ContenderInfo, Route } from "../contract.js";
import { byId, make } from "../elements.js";
import { type Gpu, routeNames } from "../routes.js";
import { titleOf } from "./results.js";

const rows = byId("comparison-rows", "fieldset");
const routes = byId("comparison-routes", "fieldset");

function box(value: string, label: string, checked: boolean, disabled = false): HTMLElement {
	const input = make("input", { type: "checkbox", value, checked, disabled });
	return make("label", {}, input, make("span", {}, label));
}

/** Replaces the boxes of a fieldset. The legend stays. */
function fill(fieldset: HTMLFieldSetElement, boxes: HTMLElement[]): void {
	fieldset.replaceChildren(fieldset.querySelector("legend") ?? "", ...boxes);
}

function checked(fieldset: HTMLFieldSetElement): string[] {
	const boxes = fieldset.querySelectorAll<HTMLInputElement>("input:checked:not(:disabled)");
	return [...boxes].map(({ value }) => value);
}

/** True for what takes some 100 MB or more, for which a phone has no room. */
function isLarge({ id, backbone }: ContenderInfo): boolean {
	return backbone.startsWith("Wide") || id === "padim";
}

/** True where the browser says that the machine has little memory, or is held in a hand. */
function isSmallMachine(): boolean {
	const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
	return (deviceMemory !== undefined && deviceMemory <= 4) || matchMedia("(pointer: coarse)").matches;
}

export function offerRows(contenders: readonly ContenderInfo[]): void {
	const small = isSmallMachine();
	fill(
		rows,
		contenders.map((one) => box(one.id, titleOf(one), !(small && isLarge(one)))),
	);
}

function gpuLabel({ present, software, name }: Gpu): string {
	if (!present) return `${routeNames.webgpu}, not available`;
	return software ? `${routeNames.webgpu}, software adapter (${name}): slow` : routeNames.webgpu;
}

/** Offers the routes, and updates the GPU's box when the GPU answers later. What the visitor has ticked stays. */
export function offerRoutes(gpu: Gpu): void {
	const usable = gpu.present && !gpu.software && gpu.reason === "";
	const label = gpuLabel(gpu);
	const input = routes.querySelector<HTMLInputElement>('input[value="webgpu"]');
	if (!input) {
		fill(routes, [box("webgpu", label, usable, !gpu.present), box("cpu", routeNames.cpu, true)]);
		routes.addEventListener("change", ({ target }) => {
			if (target instanceof HTMLElement) target.dataset.touched = "";
		});
		return;
	}
	if (input.nextElementSibling?.textContent === label) return;
	input.nextElementSibling?.replaceChildren(label);
	input.disabled = !gpu.present;
	if (input.dataset.touched === undefined) input.checked = usable;
}

export function chosenRows(contenders: readonly ContenderInfo[]): ContenderInfo[] {
	const chosen = new Set(checked(rows));
	return contenders.filter(({ id }) => chosen.has(id));
}

export function chosenRoutes(): Route[] {
	return checked(routes) as Route[];
}
