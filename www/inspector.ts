// Single jobs of the worker, on the current route: loading models, inspecting a photo, decoding one.
import { Bridge } from "./bridge.js";
import type { Categories, Category, Extractor } from "./categories.js";
import type { ModelDescription, Picture, Prepared, Route, Stage } from "./contract.js";
import { hexadecimal, sha256 } from "./digest.js";
import { shortened } from "./figures.js";
import { JobFailure } from "./job-failure.js";
import { nothingLoaded } from "./load-times.js";
import { type Result, resultOf } from "./outcomes.js";
import type { Routing } from "./routing.js";

/** Characters of a model’s name that the page shows. */
const longestName = 80;

export interface Watch {
	signal: AbortSignal;
	onStage: (stage: Stage) => void;
}

export class Inspector {
	readonly bridge = new Bridge();
	/** Workers that inspect photos beside the first one. */
	readonly #helpers: Bridge[] = [];
	readonly #categories: Categories;
	readonly #routing: Routing;
	/** Times of what was loaded for the next photo before its turn. */
	#loaded = nothingLoaded();

	constructor(categories: Categories, routing: Routing) {
		this.#categories = categories;
		this.#routing = routing;
	}

	/** Loads a category model, with its extractor. */
	async prepare(category: Category, watch: Watch): Promise<void> {
		// Before a route is known: downloads do not wait for the GPU to answer.
		await this.#categories.setting(category, "cpu", watch.signal);
		category.extractor ??= await this.#extractorOf(category, watch);
		const { device, load } = await this.#routing.onCpuAtLast(watch.signal, (route) =>
			this.#prepareOn(route, category, watch),
		);
		this.#routing.mindSoftware(device);
		this.#loaded = load;
	}

	async #prepareOn(route: Route, category: Category, watch: Watch): Promise<Prepared> {
		const setting = await this.#categories.setting(category, route, watch.signal);
		const prepared = await this.bridge.run("prepare", { setting }, watch);
		if (category.extractor) category.extractor.info = prepared.extractor;
		category.info = prepared.category;
		category.sha256 = await digestOf(setting.category.file);
		return prepared;
	}

	/** The extractor that the model was trained with, as its file says. */
	async #extractorOf(category: Category, watch: Watch): Promise<Extractor> {
		const described = await this.#describe(await category.file(watch.signal), watch);
		if (described.kind !== "category") throw new Error("this file holds an extractor, and not a model.");
		const { extractor_id, extractor_architecture } = described;
		for (const extractor of this.#categories.extractors) {
			extractor.id ??= await this.#idOf(extractor, watch);
			if (extractor.id === extractor_id) return extractor;
		}
		throw new Error(
			`this model was trained with the extractor ${extractor_id} (${extractor_architecture}), which is not here: drop its .safetensors file first.`,
		);
	}

	async #idOf(extractor: Extractor, watch: Watch): Promise<string> {
		const described = await this.#describe(await extractor.file(watch.signal), watch);
		if (described.kind !== "extractor")
			throw new Error(`${extractor.title} holds a model, and not an extractor.`);
		return described.id;
	}

	#describe(file: Blob, watch: Watch): Promise<ModelDescription> {
		return this.bridge.run("describe", { file }, watch);
	}

	/**
	 * Inspects a photo in worker number `lane`, from 0. Where its worker ends, `onRestart` is called and another worker tries
	 * once more.
	 */
	async inspect(
		category: Category,
		photo: Blob,
		watch: Watch,
		onRestart: () => void,
		lane = 0,
	): Promise<{ result: Result; picture: Picture }> {
		const inspect = () =>
			this.#routing.onCpuAtLast(watch.signal, async (route) => {
				const setting = await this.#categories.setting(category, route, watch.signal);
				return this.#lane(lane).run("inspect", { setting, photo }, watch);
			});
		const inspected = await inspect().catch((cause) => {
			watch.signal.throwIfAborted();
			// The photo may have had no part in what ended the worker: another one shows.
			if (!(cause instanceof JobFailure) || cause.fault !== "worker") throw cause;
			onRestart();
			return inspect();
		});
		const result = resultOf(inspected, this.#loaded);
		this.forgetLoaded();
		return { result, picture: inspected.picture };
	}

	#lane(lane: number): Bridge {
		if (lane === 0) return this.bridge;
		this.#helpers[lane - 1] ??= new Bridge();
		return this.#helpers[lane - 1] ?? this.bridge;
	}

	/** Ends all workers. The next job starts another one. */
	end(): void {
		for (const bridge of [this.bridge, ...this.#helpers]) bridge.end();
	}

	/** Decodes a photo without inspecting it. */
	async decode(category: Category, photo: Blob, watch: Watch): Promise<Picture> {
		const setting = await this.#categories.setting(category, this.#routing.chosen.route, watch.signal);
		return this.bridge.run("preview", { setting, photo }, watch);
	}

	/** Makes an extractor file of a file with published weights. */
	async importWeights(file: File, watch: Watch): Promise<File> {
		const { made } = await this.bridge.run("weights", { file, fileName: file.name }, watch);
		return new File([made], file.name);
	}

	/** Loads a file with an extractor, and offers it to the models that follow. */
	async addExtractor(file: File, watch: Watch): Promise<Extractor> {
		const extractor = this.#categories.droppedExtractor(file);
		extractor.info = await this.#routing.onCpuAtLast(watch.signal, (route) =>
			this.bridge.run("extractor", { route, extractor: { key: extractor.key, file } }, watch),
		);
		const { id, architecture } = extractor.info;
		for (const known of this.#categories.extractors) {
			known.id ??= await this.#idOf(known, watch);
			if (known.id === id) return known;
		}
		Object.assign(extractor, { id, key: `extractor ${id}`, title: `${architecture} (${file.name})` });
		this.#categories.extractors.push(extractor);
		return extractor;
	}

	/** Loads a file with a category model, and adds it to those that can be chosen. */
	async addCategory(file: File, watch: Watch): Promise<Category> {
		const category = this.#categories.droppedCategory(file);
		await this.prepare(category, watch);
		if (category.info?.name) category.title = `${shortened(category.info.name, longestName)} (${file.name})`;
		this.#categories.all.push(category);
		return category;
	}

	/** To be called where a worker was ended: what it had loaded went with it. */
	forgetLoaded(): void {
		this.#loaded = nothingLoaded();
	}
}

async function digestOf(file: Blob): Promise<string | undefined> {
	const digest = await sha256(await file.arrayBuffer());
	return digest && hexadecimal(digest);
}
