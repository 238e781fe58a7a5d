// The category models and extractors that this browser keeps, among those that can be chosen.
import type { Categories, Category, Extractor } from "./categories.js";
import type { CurrentCategory } from "./current-category.js";
import { type KeptModel, keep, keepThreshold, keptModels, letGo } from "./kept-models.js";

/** Milliseconds without another change after which a threshold is written. A slider changes it many times a second. */
const settlingPause = 500;

export class Kept {
	readonly #categories: Categories;
	readonly #current: CurrentCategory;
	readonly #complain: (text: string) => void;
	/** By the model's key. */
	readonly #writing = new Map<string, ReturnType<typeof setTimeout>>();

	constructor(categories: Categories, current: CurrentCategory, complain: (text: string) => void) {
		this.#categories = categories;
		this.#current = current;
		this.#complain = complain;
	}

	get all(): (Category | Extractor)[] {
		const { all, extractors } = this.#categories;
		return [...all, ...extractors].filter(({ keptBytes }) => keptBytes !== undefined);
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
			if (model.kind === "extractor") {
				this.#categories.extractors.push(this.#categories.keptExtractor(model));
				continue;
			}
			this.#categories.put(this.#categories.kept(model));
			if (model.threshold !== undefined) this.#current.setThresholdOf(model.key, model.threshold);
		}
	}

	async keep(model: Category | Extractor, kind: KeptModel["kind"]): Promise<void> {
		try {
			const file = await model.file();
			const threshold = this.#current.ownThresholdOf(model.key);
			await keep({ key: model.key, kind, title: model.title, file, since: Date.now(), threshold });
			model.keptBytes = file.size;
		} catch (cause) {
			console.warn("The model could not be kept.", cause);
			const advice =
				kind === "category"
					? "Save the model as a file, or it is gone when the page is closed."
					: "Drop it again at the next visit.";
			this.#complain(
				`This browser cannot keep ${model.title}: its storage is full, or this is a private window. ${advice}`,
			);
		}
	}

	/** Writes the threshold of a kept model once it changes no more. */
	keepThreshold(category: Category, threshold: number | undefined): void {
		if (category.keptBytes === undefined) return;
		clearTimeout(this.#writing.get(category.key));
		const writing = setTimeout(() => {
			keepThreshold(category.key, threshold).catch((cause) => {
				console.warn("The threshold could not be kept.", cause);
				this.#complain(`The threshold of ${category.title} cannot be kept: this browser's storage is full.`);
			});
		}, settlingPause);
		this.#writing.set(category.key, writing);
	}

	async letGo(model: Category | Extractor): Promise<void> {
		try {
			await letGo(model.key);
			this.#categories.remove(model);
		} catch (cause) {
			console.warn("The model could not be deleted.", cause);
			this.#complain(`${model.title} could not be deleted from this browser's storage. Try again.`);
		}
	}
}
