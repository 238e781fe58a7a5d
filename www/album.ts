// The photos on the page, and the outcome of each with the current category model.
import type { Category } from "./categories.js";
import type { Picture, Route } from "./contract.js";
import type { CurrentCategory } from "./current-category.js";
import type { Mark } from "./evaluation.js";
import { type Outcome, Outcomes, type Result, resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import { Previews } from "./previews.js";
import type { Routing } from "./routing.js";

export class Album {
	readonly previews = new Previews();
	/** What the visitor says that photos are. */
	readonly marks = new Map<Photo, Mark>();
	selected: Photo | undefined;
	readonly #current: CurrentCategory;
	readonly #routing: Routing;
	readonly #outcomes = new Outcomes();
	#photos: Photo[] = [];

	constructor(current: CurrentCategory, routing: Routing) {
		this.#current = current;
		this.#routing = routing;
	}

	/** The visitor's photos, and the samples of the current category. */
	get photos(): Photo[] {
		const key = this.#current.category?.key;
		return this.#photos.filter(({ sampleOf }) => sampleOf === undefined || sampleOf === key);
	}

	/** The first of them becomes the selected photo. */
	add(photos: Photo[]): void {
		// Not as arguments, of which a browser takes some ten thousand.
		this.#photos = this.#photos.concat(photos);
		this.selected = photos[0] ?? this.selected;
	}

	/** Makes room for another category: pictures depend on the range of values that its model states. */
	changeCategory(): void {
		this.previews.letGoOfPictures();
		if (!this.selected || !this.photos.includes(this.selected)) this.selected = this.photos[0];
	}

	clear(): void {
		const gone = new Set(this.photos);
		for (const photo of gone) {
			this.#outcomes.forget(photo);
			this.previews.forget(photo);
			this.marks.delete(photo);
		}
		this.#photos = this.#photos.filter((photo) => !gone.has(photo));
		this.selected = undefined;
	}

	/** The outcome on the current route, or else on the other one. */
	outcome(photo: Photo): Outcome | undefined {
		const { route } = this.#routing.chosen;
		return this.#on(route, photo) ?? this.#on(route === "cpu" ? "webgpu" : "cpu", photo);
	}

	/** True where the photo has neither a result nor an error that lasts. */
	isUnsettled(photo: Photo): boolean {
		return isUnsettled(this.outcome(photo));
	}

	/** True where an inspection can bring news: on the route that the visitor chose, or on any route with Automatic. */
	isOpen(photo: Photo): boolean {
		const { choice, chosen } = this.#routing;
		return isUnsettled(choice === "auto" ? this.outcome(photo) : this.#on(chosen.route, photo));
	}

	/** The selected photo, where its result is known and its picture was let go. */
	get undrawn(): Photo | undefined {
		const { selected, previews } = this;
		if (!selected || previews.picture(selected) || previews.reason(selected) !== "") return undefined;
		return resultIn(this.outcome(selected)) && selected;
	}

	keep(photo: Photo, category: Category, result: Result, picture: Picture): void {
		this.#outcomes.keep(photo, under(category, result.device.route), result);
		this.previews.keep(photo, picture);
	}

	/** Keeps an error of the photo itself, which fails with every model. */
	refuse(photo: Photo, error: string): void {
		this.#outcomes.refuse(photo, error);
	}

	/** Keeps an error that may pass. */
	fail(photo: Photo, category: Category, error: string): void {
		this.#outcomes.fail(photo, under(category, this.#routing.chosen.route), error);
	}

	/** Forgets the errors that may have passed. */
	tryAgain(photo: Photo): void {
		this.#outcomes.tryAgain(photo);
	}

	#on(route: Route, photo: Photo): Outcome | undefined {
		return this.#outcomes.get(photo, under(this.#current.category, route));
	}
}

function isUnsettled(outcome: Outcome | undefined): boolean {
	return !outcome || ("error" in outcome && !outcome.ofPhoto);
}

/** Names everything besides the photo that an outcome depends on. */
function under(category: Category | undefined, route: Route): string {
	return `${route} ${category?.extractor?.key} ${category?.key}`;
}
