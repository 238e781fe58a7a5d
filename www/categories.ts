// The categories that can be chosen, and the extractor that each one was made with.
import type { Bridge } from "./bridge.js";
import { JobFailure } from "./bridge.js";
import type { Catalogue, Sample } from "./catalogue.js";
import type { CategoryInfo, ExtractorInfo, ModelFile, Prepared, Route, Setting, Stage } from "./contract.js";
import { hexadecimal, sha256 } from "./digest.js";
import { fetchOnce } from "./fetching.js";
import { fetchProgram } from "./program.js";

export interface Category {
	key: string;
	title: string;
	shipped: boolean;
	samples: Sample[];
	file: (signal?: AbortSignal) => Promise<Blob>;
	info?: CategoryInfo;
	/** SHA-256 of its file; undefined before it is loaded, and where the browser offers no digests. */
	sha256?: string | undefined;
	extractor?: Extractor;
}

export interface Extractor {
	key: string;
	title: string;
	file: (signal?: AbortSignal) => Promise<Blob>;
	info?: ExtractorInfo;
}

export interface Watch {
	signal?: AbortSignal;
	onStage?: (stage: Stage) => void;
}

export class Categories {
	readonly all: Category[] = [];
	/** Newest first: whoever drops an extractor means the models that follow to use it. */
	readonly extractors: Extractor[] = [];
	note = "";
	#dropped = 0;

	addShipped({ extractorUrl, categories, note }: Catalogue): void {
		this.note = note;
		this.extractors.push({
			key: extractorUrl,
			title: "shipped extractor",
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

	/** Not in the list yet: `prepare` shows whether it can be used at all. */
	droppedCategory(file: File): Category {
		return {
			key: this.#dropKey(file),
			title: file.name,
			shipped: false,
			samples: [],
			file: async () => file,
		};
	}

	#dropKey(file: File): string {
		this.#dropped += 1;
		return `dropped ${this.#dropped}: ${file.name}`;
	}

	/** What the worker needs to use this category; its extractor must be known. */
	async setting(category: Category, route: Route, watch: Watch = {}): Promise<Setting> {
		const extractor = category.extractor ?? this.#candidates(category)[0];
		if (!extractor) throw new Error("There is no extractor yet: drop its .safetensors file first.");
		return this.#settingWith(category, extractor, route, watch);
	}

	/** Fetches what using this category takes, as far as it comes with the page. */
	async fetchFiles(category: Category, signal: AbortSignal): Promise<void> {
		await this.setting(category, "cpu", { signal });
	}

	/** Loads the category in the worker, with the first extractor that it accepts. */
	async prepare(category: Category, route: Route, bridge: Bridge, watch: Watch = {}): Promise<Prepared> {
		const candidates = category.extractor ? [category.extractor] : this.#candidates(category);
		let refusal: unknown = new Error("There is no extractor yet: drop its .safetensors file first.");
		for (const extractor of candidates) {
			const setting = await this.#settingWith(category, extractor, route, watch);
			try {
				const prepared = await bridge.run("prepare", { setting }, watch);
				extractor.info = prepared.extractor;
				category.extractor = extractor;
				category.info = prepared.category;
				category.sha256 = await digestOf(setting.category.file);
				return prepared;
			} catch (cause) {
				const refused = cause instanceof JobFailure && cause.stage === "category" && cause.fault === "job";
				if (!refused) throw cause;
				refusal = cause;
			}
		}
		throw refusal;
	}

	#candidates(category: Category): Extractor[] {
		return category.shipped ? this.extractors.toReversed() : this.extractors;
	}

	async #settingWith(category: Category, extractor: Extractor, route: Route, watch: Watch): Promise<Setting> {
		const { signal } = watch;
		// The program too, so that all of them arrive at the same time.
		const files = [extractor.file(signal), category.file(signal), fetchProgram(signal)] as const;
		const [extractorFile, categoryFile] = await Promise.all(files);
		return {
			route,
			extractor: named(extractor.key, extractorFile),
			category: named(category.key, categoryFile),
		};
	}
}

async function digestOf(file: Blob): Promise<string | undefined> {
	const digest = await sha256(await file.arrayBuffer());
	return digest && hexadecimal(digest);
}

function named(key: string, file: Blob): ModelFile {
	return { key, file };
}
