// The choice of texture and of route.
import { byId, make } from "./elements.js";
import { type Choice, routeNames } from "./routes.js";
import type { Workbench } from "./workbench.js";

const textures = byId("texture", "select");
const routes = byId("routes", "fieldset");

function renderTextures({ texture, textures: { all } }: Workbench): void {
	const stale =
		textures.options.length !== all.length || all.some(({ key }, i) => textures.options[i]?.value !== key);
	if (stale) textures.replaceChildren(...all.map(({ key, title }) => make("option", { value: key }, title)));
	textures.value = texture?.key ?? "";
	textures.disabled = all.length === 0;
}

function routeInput(value: string): HTMLInputElement | null {
	return routes.querySelector<HTMLInputElement>(`input[value="${value}"]`);
}

export function renderPickers(bench: Workbench): void {
	renderTextures(bench);
	const gpu = routeInput("webgpu");
	if (gpu) gpu.disabled = !bench.routing.gpu.present;
	const chosen = routeInput(bench.routing.choice);
	if (chosen) chosen.checked = true;
	const { route, reason } = bench.route;
	byId("route-reason", "p").textContent = `${routeNames[route]}: ${reason}`;
}

export function wirePickers(bench: Workbench): void {
	textures.addEventListener("change", () => {
		const texture = bench.textures.all.find(({ key }) => key === textures.value);
		if (texture) bench.useTexture(texture);
	});
	routes.addEventListener("change", (event) => {
		if (event.target instanceof HTMLInputElement) bench.useRoute(event.target.value as Choice);
	});
}
