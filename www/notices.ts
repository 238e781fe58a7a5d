// Complaints: sentences about failures, each of which stays until it is dismissed.
import { byId, make } from "./elements.js";

const list = byId("notices", "div");
const most = 4;

function putAway(notice: Element): void {
	const focused = notice.contains(document.activeElement);
	notice.remove();
	// The focus would be lost with the notice, so it moves to the next one or to a button that stays.
	if (focused) (list.querySelector("button") ?? byId("open", "button")).focus();
}

/** A button on a complaint, for something that the visitor may do about it. */
export interface Offer {
	label: string;
	act: () => void;
}

export function complain(text: string, offer?: Offer): void {
	const close = make("button", { type: "button", "aria-label": "Dismiss" }, "×");
	const notice = make("p", {}, make("span", {}, text), close);
	if (offer) {
		const accept = make("button", { type: "button" }, offer.label);
		accept.addEventListener("click", () => {
			putAway(notice);
			offer.act();
		});
		close.before(accept);
	}
	close.addEventListener("click", () => putAway(notice));
	list.append(notice);
	while (list.firstElementChild && list.children.length > most) putAway(list.firstElementChild);
}

export function clearComplaints(): void {
	while (list.firstElementChild) putAway(list.firstElementChild);
}
