// The textures that can be chosen, and the extractor that each one was made with.
import type { Bridge } from "./bridge.js";
import { JobFailure } from "./bridge.js";
import type { Catalogue, Sample } from "./catalogue.js";
import type { ExtractorInfo, ModelFile, Prepared, Route, Setting, Stage, TextureInfo } from "./contract.js";
import { hexadecimal, sha256 } from "./digest.js";
import { fetchOnce } from "./fetching.js";
import { fetchProgram } from "./program.js";

export interface Texture {
	key: string;
	title: string;
	shipped: boolean;
	samples: Sample[];
	file: (signal?: AbortSignal) => Promise<Blob>;
	info?: TextureInfo;
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
			file: (signal) => fetchOnce({ key: extractorUrl, url: extractorUrl, name: "the extractor" }, signal),
		});
		for (const { id, title, url, samples } of textures) {
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

	/** Fetches what using this texture takes, as far as it comes with the page. */
	async fetchFiles(texture: Texture, signal: AbortSignal): Promise<void> {
		await this.setting(texture, "cpu", { signal });
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
				texture.sha256 = await digestOf(setting.texture.file);
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
		const { signal } = watch;
		// The program too, so that all of them arrive at the same time.
		const files = [extractor.file(signal), texture.file(signal), fetchProgram(signal)] as const;
		const [extractorFile, textureFile] = await Promise.all(files);
		return {
			route,
			extractor: named(extractor.key, extractorFile),
			texture: named(texture.key, textureFile),
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
