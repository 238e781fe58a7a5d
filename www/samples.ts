// The sample photos of the current category, to be chosen by click.
import { byId, make } from "./elements.js";
import type { Workbench } from "./workbench.js";

const list = byId("samples", "ul");
let shownFor: string | undefined;

export function renderSamples(bench: Workbench): void {
	const { category } = bench.current;
	if (category?.key === shownFor) return;
	shownFor = category?.key;
	const samples = category?.samples ?? [];
	byId("samples-block", "div").hidden = samples.length === 0;
	list.replaceChildren(
		...samples.map(({ title, url }) => {
			const picture = make("img", { src: url, alt: "", loading: "lazy", width: 64, height: 64 });
			const button = make("button", { type: "button" }, picture, make("span", {}, title));
			button.addEventListener("click", () => bench.addSample(url));
			return make("li", {}, button);
		}),
	);
}
