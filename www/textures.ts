// The textures that can be chosen, and the extractor that each one was made with.
import type { Bridge } from "./bridge.js";
import { JobFailure } from "./bridge.js";
import { type Catalogue, fetchOnce, type Sample, type Wait } from "./catalogue.js";
import type { ExtractorInfo, ModelFile, Prepared, Route, Setting, Stage, TextureInfo } from "./contract.js";
import { addedUp, type Download } from "./downloads.js";

export interface Texture {
	key: string;
	title: string;
	shipped: boolean;
	samples: Sample[];
	file: (wait?: Wait) => Promise<Blob>;
	info?: TextureInfo;
	extractor?: Extractor;
}

export interface Extractor {
	key: string;
	title: string;
	file: (wait?: Wait) => Promise<Blob>;
	info?: ExtractorInfo;
}

export interface Watch {
	signal?: AbortSignal;
	onStage?: (stage: Stage) => void;
	onDownload?: (download: Download) => void;
}

export class Textures {
	readonly all: Texture[] = [];
	/** Newest first: whoever drops an extractor means the models that follow to use it. */
	readonly extractors: Extractor[] = [];
	note = "";
	#dropped = 0;

	addShipped({ extractorUrl, textures, note }: Catalogue): void {
		this.note = note;
		this.extractors.push({
			key: extractorUrl,
			title: "shipped extractor",
			file: (wait) => fetchOnce(extractorUrl, wait),
		});
		for (const { id, title, url, samples } of textures) {
			this.all.push({
				key: id,
				title,
				shipped: true,
				samples,
				file: (wait) => fetchOnce(url, wait),
			});
		}
	}

	/** Not in the list yet: only loading it shows whether it can be used. */
	droppedExtractor(file: File): Extractor {
		return { key: this.#dropKey(file), title: file.name, file: async () => file };
	}

	/** Not in the list yet: `prepare` shows whether it can be used at all. */
	droppedTexture(file: File): Texture {
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

	/** What the worker needs to use this texture; its extractor must be known. */
	async setting(texture: Texture, route: Route, watch: Watch = {}): Promise<Setting> {
		const extractor = texture.extractor ?? this.#candidates(texture)[0];
		if (!extractor) throw new Error("There is no extractor yet: drop its .safetensors file first.");
		return this.#settingWith(texture, extractor, route, watch);
	}

	/** Loads the texture in the worker, with the first extractor that it accepts. */
	async prepare(texture: Texture, route: Route, bridge: Bridge, watch: Watch = {}): Promise<Prepared> {
		const candidates = texture.extractor ? [texture.extractor] : this.#candidates(texture);
		let refusal: unknown = new Error("There is no extractor yet: drop its .safetensors file first.");
		for (const extractor of candidates) {
			const setting = await this.#settingWith(texture, extractor, route, watch);
			try {
				const prepared = await bridge.run("prepare", { setting }, watch);
				extractor.info = prepared.extractor;
				texture.extractor = extractor;
				texture.info = prepared.texture;
				return prepared;
			} catch (cause) {
				const refused = cause instanceof JobFailure && cause.stage === "texture" && cause.fault === "job";
				if (!refused) throw cause;
				refusal = cause;
			}
		}
		throw refusal;
	}

	#candidates(texture: Texture): Extractor[] {
		return texture.shipped ? this.extractors.toReversed() : this.extractors;
	}

	async #settingWith(texture: Texture, extractor: Extractor, route: Route, watch: Watch): Promise<Setting> {
		const listener = addedUp((download) => watch.onDownload?.(download));
		const wait = (what: string): Wait => ({ onBytes: listener(what), signal: watch.signal });
		const files = [extractor.file(wait("extractor")), texture.file(wait("model"))] as const;
		const [extractorFile, textureFile] = await Promise.all(files);
		return {
			route,
			extractor: named(extractor.key, extractorFile),
			texture: named(texture.key, textureFile),
		};
	}
}

function named(key: string, file: Blob): ModelFile {
	return { key, file };
}
