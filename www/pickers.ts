// The choices of a category model and of a route.
import { byId, offer } from "./elements.js";
import { type Choice, routeNames } from "./routes.js";
import type { Workbench } from "./workbench.js";

const categories = byId("category", "select");
const routes = byId("routes", "fieldset");

function renderCategories({ current: { category }, categories: { all } }: Workbench): void {
	offer(categories, all);
	categories.value = category?.key ?? "";
	categories.disabled = all.length === 0;
}

function routeInput(value: string): HTMLInputElement | null {
	return routes.querySelector<HTMLInputElement>(`input[value="${value}"]`);
}

export function renderPickers(bench: Workbench): void {
	renderCategories(bench);
	const gpu = routeInput("webgpu");
	if (gpu) gpu.disabled = !bench.routing.gpu.present;
	const chosen = routeInput(bench.routing.choice);
	if (chosen) chosen.checked = true;
	const { route, reason } = bench.routing.chosen;
	byId("route-reason", "p").textContent = `${routeNames[route]}: ${reason}`;
}

export function wirePickers(bench: Workbench): void {
	categories.addEventListener("change", () => {
		const category = bench.categories.all.find(({ key }) => key === categories.value);
		if (category) bench.useCategory(category);
	});
	routes.addEventListener("change", (event) => {
		if (event.target instanceof HTMLInputElement) bench.useRoute(event.target.value as Choice);
	});
}
