// The category models that this browser keeps, among those that can be chosen.
import type { Categories, Category } from "./categories.js";
import type { CurrentCategory } from "./current-category.js";
import { type KeptModel, keep, keepThreshold, keptModels, letGo } from "./kept-models.js";

/** Milliseconds without another change after which a threshold is written. A slider changes it many times a second. */
const settlingPause = 500;

export class KeptCategories {
	readonly #categories: Categories;
	readonly #current: CurrentCategory;
	readonly #complain: (text: string) => void;
	#writing: ReturnType<typeof setTimeout> | undefined;

	constructor(categories: Categories, current: CurrentCategory, complain: (text: string) => void) {
		this.#categories = categories;
		this.#current = current;
		this.#complain = complain;
	}

	get all(): Category[] {
		return this.#categories.all.filter(({ keptBytes }) => keptBytes !== undefined);
	}

	/** Adds what earlier visits left. */
	async restore(): Promise<void> {
		let kept: KeptModel[] = [];
		try {
			kept = await keptModels();
		} catch (cause) {
			// A visitor who teaches a material here is told then.
			console.warn("This browser keeps no models.", cause);
		}
		for (const model of kept) {
			this.#categories.put(this.#categories.kept(model));
			if (model.threshold !== undefined) this.#current.setThresholdOf(model.key, model.threshold);
		}
	}

	async keep(category: Category): Promise<void> {
		try {
			const file = await category.file();
			await keep({ key: category.key, title: category.title, file, since: Date.now() });
			category.keptBytes = file.size;
		} catch (cause) {
			console.warn("The model could not be kept.", cause);
			this.#complain(
				`This browser cannot keep ${category.title}: its storage is full, or this is a private window. Save the model as a file, or it is gone when the page is closed.`,
			);
		}
	}

	/** Writes the threshold of a kept model once it changes no more. */
	keepThreshold(category: Category, threshold: number | undefined): void {
		if (category.keptBytes === undefined) return;
		clearTimeout(this.#writing);
		this.#writing = setTimeout(() => {
			keepThreshold(category.key, threshold).catch((cause) => {
				console.warn("The threshold could not be kept.", cause);
				this.#complain(`The threshold of ${category.title} cannot be kept: this browser's storage is full.`);
			});
		}, settlingPause);
	}

	async letGo(category: Category): Promise<void> {
		try {
			await letGo(category.key);
			this.#categories.remove(category);
		} catch (cause) {
			console.warn("The model could not be deleted.", cause);
			this.#complain(`${category.title} could not be deleted from this browser's storage. Try again.`);
		}
	}
}
