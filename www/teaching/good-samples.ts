// The good samples of a material that is being taught, each decoded once to be shown.
import type { Bridge } from "../bridge.js";
import { asScore } from "../figures.js";
import { ofUsableSize } from "../file-size.js";
import { sentence } from "../sentence.js";

export interface GoodSample {
	/** Path of the file, which tells samples of different folders apart. */
	path: string;
	file: File;
	/** Undefined before it is decoded, and where this browser makes no small pictures. */
	thumbnail?: Blob | undefined;
	looked: boolean;
	/** Why it cannot be used. It is empty where it can be. */
	problem: string;
	/** What the visitor should check about it, once it was learnt from. It is empty where there is nothing. */
	remark: string;
}

export class GoodSamples {
	all: GoodSample[] = [];
	readonly #bridge: Bridge;
	readonly #changed: () => void;
	/** Resolves when all samples are looked at. */
	settled: Promise<void> = Promise.resolve();
	#looking = false;

	constructor(bridge: Bridge, changed: () => void) {
		this.#bridge = bridge;
		this.#changed = changed;
	}

	/** Those that can be learnt from, as far as is known. */
	get usable(): GoodSample[] {
		return this.all.filter(({ problem }) => problem === "");
	}

	/** A file that is there already is not taken twice. */
	add(files: { path: string; file: File }[]): void {
		const isThere = ({ path, file }: { path: string; file: File }) =>
			this.all.some((sample) => sample.path === path && sample.file.size === file.size);
		const news = files.filter((found) => !isThere(found));
		this.all.push(...news.map(({ path, file }) => ({ path, file, looked: false, problem: "", remark: "" })));
		this.#changed();
		if (!this.#looking) this.settled = this.#look();
	}

	remove(sample: GoodSample): void {
		this.all = this.all.filter((other) => other !== sample);
		this.#changed();
	}

	/** Remarks on what a training found: photos of the same piece, and those that decide the threshold. */
	review(taught: readonly GoodSample[], groups: readonly number[], high: readonly [number, number][]): void {
		for (const [number, sample] of taught.entries()) {
			const alike = taught.find((_, other) => other < number && groups[other] === groups[number]);
			sample.remark = alike ? `The same piece as ${alike.path}?` : "";
		}
		for (const [number, score] of high) {
			const sample = taught[number];
			if (sample) sample.remark = `It looks unusual (score ${asScore(score)}). Is it good?`;
		}
	}

	/** Decodes what was not looked at, one sample after another. */
	async #look(): Promise<void> {
		this.#looking = true;
		for (;;) {
			const next = this.all.find(({ looked }) => !looked);
			if (!next) break;
			try {
				const { thumbnail } = await this.#bridge.run("look", { photo: ofUsableSize(next.file) });
				next.thumbnail = thumbnail;
			} catch (cause) {
				next.problem = sentence(cause);
			}
			next.looked = true;
			this.#changed();
		}
		this.#looking = false;
	}
}
