// The category models that can be chosen, and the extractors that they were made with.
import type { Catalogue, Sample } from "./catalogue.js";
import type { CategoryInfo, ExtractorInfo, Route, Setting } from "./contract.js";
import { fetchOnce } from "./fetching.js";
import type { KeptModel } from "./kept-models.js";
import { fetchProgram } from "./program.js";

export interface Category {
	key: string;
	title: string;
	shipped: boolean;
	samples: Sample[];
	file: (signal?: AbortSignal) => Promise<Blob>;
	/** Undefined before the model is loaded. */
	info?: CategoryInfo;
	/** SHA-256 of its file. Undefined before the model is loaded, and where the browser offers no digests. */
	sha256?: string | undefined;
	/** The extractor that the model was made with. Undefined before the model is loaded. */
	extractor?: Extractor;
	/** Size of its file in this browser's storage. Undefined where it is not kept there. */
	keptBytes?: number;
}

export interface Extractor {
	key: string;
	title: string;
	file: (signal?: AbortSignal) => Promise<Blob>;
	/** Undefined before its file is read. */
	id?: string;
	/** Undefined before it is loaded. */
	info?: ExtractorInfo;
	/** Size of its file in this browser's storage. Undefined where it is not kept there. */
	keptBytes?: number;
	/** True where it comes with the page. */
	shipped?: boolean;
}

export const noExtractor = "There is no extractor yet: drop its .safetensors file first.";

export class Categories {
	readonly all: Category[] = [];
	/** The shipped one first. */
	readonly extractors: Extractor[] = [];
	note = "";
	#dropped = 0;

	addShipped({ extractorUrl, categories, note }: Catalogue): void {
		this.note = note;
		this.extractors.push({
			key: extractorUrl,
			title: "shipped extractor",
			shipped: true,
			file: (signal) => fetchOnce({ key: extractorUrl, url: extractorUrl, name: "the extractor" }, signal),
		});
		for (const { id, title, url, samples } of categories) {
			this.all.push({
				key: id,
				title,
				shipped: true,
				samples,
				file: (signal) => fetchOnce({ key: url, url, name: "the model" }, signal),
			});
		}
	}

	/** Not in the list yet: only loading it shows whether it can be used. */
	droppedExtractor(file: File): Extractor {
		return { key: this.#dropKey(file), title: file.name, file: async () => file };
	}

	/** Not in the list yet: only loading it shows whether it can be used. */
	droppedCategory(file: File): Category {
		return {
			key: this.#dropKey(file),
			title: file.name,
			shipped: false,
			samples: [],
			file: async () => file,
		};
	}

	/** A model that was taught in this page. Not in the list yet. Its title differs from all others but that of `before`. */
	taught(name: string, file: Blob, before?: Category): Category {
		this.#dropped += 1;
		const taken = new Set(this.all.filter((other) => other !== before).map(({ title }) => title));
		let title = name;
		for (let number = 2; taken.has(title); number += 1) title = `${name} ${number}`;
		// Kept under this key, so no model of another tab or day may have the same.
		const key = `taught ${Date.now()} ${Math.random()} ${this.#dropped}`;
		return { key, title, shipped: false, samples: [], file: async () => file };
	}

	/** A model that this browser kept. */
	kept({ key, title, file }: KeptModel): Category {
		return { key, title, shipped: false, samples: [], file: async () => file, keptBytes: file.size };
	}

	/** An extractor that this browser kept. */
	keptExtractor({ key, title, file }: KeptModel): Extractor {
		return { key, title, file: async () => file, keptBytes: file.size };
	}

	remove(model: Category | Extractor): void {
		for (const list of [this.all, this.extractors]) {
			const place = list.findIndex(({ key }) => key === model.key);
			if (place >= 0) list.splice(place, 1);
		}
	}

	/** Adds a model to the list. It replaces `before`, where that is given. */
	put(category: Category, before?: Category): void {
		const place = before ? this.all.indexOf(before) : -1;
		if (place >= 0) this.all[place] = category;
		else this.all.push(category);
	}

	#dropKey(file: File): string {
		this.#dropped += 1;
		return `dropped ${this.#dropped}: ${file.name}`;
	}

	/**
	 * The files that the worker needs to use a category model, fetched. Before the model’s extractor is known, the shipped
	 * extractor is fetched, because most models need it.
	 */
	async setting(category: Category, route: Route, signal: AbortSignal): Promise<Setting> {
		const extractor = category.extractor ?? this.extractors[0];
		if (!extractor) throw new Error(noExtractor);
		// The program too, so that all of them arrive at the same time.
		const files = [extractor.file(signal), category.file(signal), fetchProgram(signal)] as const;
		const [extractorFile, categoryFile] = await Promise.all(files);
		return {
			route,
			extractor: { key: extractor.key, file: extractorFile },
			category: { key: category.key, file: categoryFile },
		};
	}
}
