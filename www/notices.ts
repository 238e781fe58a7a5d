// Sentences about what could not be done, each until it is put away.
import { byId, make } from "./elements.js";

const list = byId("notices", "div");
const most = 4;

export function complain(text: string): void {
	const close = make("button", { type: "button", "aria-label": "Dismiss" }, "×");
	const notice = make("p", {}, make("span", {}, text), close);
	close.addEventListener("click", () => notice.remove());
	list.append(notice);
	while (list.children.length > most) list.firstElementChild?.remove();
}

export function clearComplaints(): void {
	list.replaceChildren();
}
