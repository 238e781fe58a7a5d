/** The page's element with this id. Where it is missing, index.html has a mistake. */
export function byId<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
	const found = document.getElementById(id);
	if (found?.localName !== tag) throw new Error(`index.html has no <${tag} id="${id}">.`);
	return found as HTMLElementTagNameMap[K];
}

export function svgById(id: string): SVGSVGElement {
	const found = document.getElementById(id);
	if (!(found instanceof SVGSVGElement)) throw new Error(`index.html has no <svg id="${id}">.`);
	return found;
}

/** Changes the text of an element only where it differs. A screen reader would read the same text again. */
export function write(element: HTMLElement, text: string): void {
	if (element.textContent !== text) element.textContent = text;
}

/** Puts choices into a list, where these are not there yet: anew, a list would close under the visitor's hand. */
export function offer(list: HTMLSelectElement, choices: readonly { key: string; title: string }[]): void {
	const isThere = ({ key, title }: { key: string; title: string }, place: number) =>
		list.options[place]?.value === key && list.options[place]?.textContent === title;
	if (list.options.length === choices.length && choices.every(isThere)) return;
	list.replaceChildren(...choices.map(({ key, title }) => make("option", { value: key }, title)));
}

type Attributes = Record<string, string | number | boolean | undefined>;

export function make<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attributes: Attributes = {},
	...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	setAttributes(element, attributes);
	element.append(...children);
	return element;
}

export function makeSvg<K extends keyof SVGElementTagNameMap>(
	tag: K,
	attributes: Attributes = {},
	...children: (Node | string)[]
): SVGElementTagNameMap[K] {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	setAttributes(element, attributes);
	element.append(...children);
	return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
	for (const [name, value] of Object.entries(attributes)) {
		if (value === undefined || value === false) continue;
		element.setAttribute(name, value === true ? "" : String(value));
	}
}
