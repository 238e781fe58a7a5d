// What is on the bench: the texture, the photos, their results and the work that is still to do.
import { isAbort, orAbort } from "./abort.js";
import { Bridge, JobFailure } from "./bridge.js";
import { type Catalogue, fetchOnce } from "./catalogue.js";
import type { DeviceInfo, Inspected, Inspection, LoadTimes, Route, Stage } from "./contract.js";
import { type Photo, photoFrom } from "./photos.js";
import { type Choice, type Chosen, choose, type Gpu } from "./routes.js";
import { sentence } from "./sentence.js";
import { type Texture, Textures, type Watch } from "./textures.js";

export interface Result {
	inspection: Inspection;
	device: DeviceInfo;
	load: LoadTimes;
}

export type Outcome = { result: Result } | { error: string };

export interface Work {
	/** Undefined while a model is loaded for its own sake. */
	photo: Photo | undefined;
	stage: Stage | undefined;
	download: { what: string; received: number; total: number } | undefined;
	done: number;
	of: number;
}

type Say = (text: string, kind?: "news" | "trouble") => void;

export class Workbench {
	readonly bridge = new Bridge();
	readonly textures = new Textures();
	texture: Texture | undefined;
	selected: Photo | undefined;
	choice: Choice = "auto";
	gpu: Gpu = { present: false, software: false, name: "", reason: "WebGPU was not looked for yet" };
	work: Work | undefined;
	/** Why the current texture cannot be used. */
	trouble = "";
	/** The timing has the processor to itself. */
	held = false;
	#photos: Photo[] = [];
	#waiting: Photo[] = [];
	#outcomes = new Map<string, Outcome>();
	#thresholds = new Map<string, number>();
	#loadWanted = false;
	#abort: AbortController | undefined;
	#listeners: (() => void)[] = [];
	#say: Say;

	constructor(say: Say) {
		this.#say = say;
	}

	onChange(listener: () => void): void {
		this.#listeners.push(listener);
	}

	changed(): void {
		for (const listener of this.#listeners) listener();
	}

	get route(): Chosen {
		return choose(this.choice, this.gpu);
	}

	/** The photos of the current texture: the visitor's own, and its own samples. */
	get photos(): Photo[] {
		return this.#photos.filter(({ sampleOf }) => sampleOf === undefined || sampleOf === this.texture?.key);
	}

	get threshold(): number | undefined {
		const { texture } = this;
		return texture && (this.#thresholds.get(texture.key) ?? texture.info?.threshold);
	}

	setThreshold(value: number | undefined): void {
		if (!this.texture) return;
		if (value === undefined) this.#thresholds.delete(this.texture.key);
		else this.#thresholds.set(this.texture.key, value);
		this.changed();
	}

	/** The outcome on the current route, or else on the other one. */
	outcome(photo: Photo): Outcome | undefined {
		const { route } = this.route;
		const other: Route = route === "cpu" ? "webgpu" : "cpu";
		return this.#outcomes.get(this.#key(photo, route)) ?? this.#outcomes.get(this.#key(photo, other));
	}

	isWaiting(photo: Photo): boolean {
		return this.#waiting.includes(photo);
	}

	addCatalogue(catalogue: Catalogue): void {
		this.textures.addShipped(catalogue);
		this.texture = this.textures.all[0];
		this.changed();
	}

	useTexture(texture: Texture): void {
		if (texture === this.texture) return;
		this.stop();
		this.texture = texture;
		this.trouble = "";
		if (this.selected && !this.photos.includes(this.selected)) this.selected = this.photos[0];
		this.#inspect(this.photos);
		this.load();
		this.changed();
	}

	/** Loads the current texture, also where there is no photo to inspect yet. */
	load(): void {
		this.trouble = "";
		this.#loadWanted = !this.texture?.info;
		void this.#run();
	}

	useRoute(choice: Choice): void {
		const before = this.route.route;
		this.choice = choice;
		this.trouble = "";
		if (before !== this.route.route) {
			this.stop();
			if (this.selected) this.#inspect([this.selected]);
		}
		this.changed();
	}

	addPhotos(photos: Photo[]): void {
		const fresh = photos.filter((photo) => !this.#photos.includes(photo));
		this.#photos.push(...fresh);
		this.selected = photos[0] ?? this.selected;
		this.#inspect(photos);
		this.changed();
	}

	addSample(url: string): void {
		const known = this.photos.find(({ name, sampleOf }) => sampleOf !== undefined && name === nameOf(url));
		if (known) this.select(known);
		else if (this.texture) this.addPhotos([photoFrom(nameOf(url), () => fetchOnce(url), this.texture.key)]);
	}

	select(photo: Photo): void {
		this.selected = photo;
		// The photo that is looked at comes before those that only wait.
		this.#inspect([photo]);
		this.changed();
	}

	/** Tries again what a trouble with the model or the device kept from being done. */
	retry(): void {
		this.trouble = "";
		this.#inspect(this.selected ? [this.selected] : this.photos);
		this.load();
		this.changed();
	}

	clear(): void {
		this.stop();
		const gone = this.photos;
		this.#photos = this.#photos.filter((photo) => !gone.includes(photo));
		for (const key of this.#outcomes.keys()) {
			if (gone.some(({ id }) => key.startsWith(`${id} `))) this.#outcomes.delete(key);
		}
		this.selected = undefined;
		this.changed();
	}

	/** Drops what waits and ends what runs. */
	stop(): void {
		this.#waiting = [];
		this.#loadWanted = false;
		this.work = undefined;
		this.#abort?.abort(new DOMException("Stopped.", "AbortError"));
	}

	hold(held: boolean): void {
		this.held = held;
		if (!held) void this.#run();
		this.changed();
	}

	async addModel(file: File): Promise<void> {
		try {
			const kind = await this.bridge.run("kind", { file });
			if (kind === "extractor") await this.#addExtractor(file);
			else await this.#addTexture(file);
		} catch (cause) {
			this.#say(`${file.name}: ${sentence(cause)}`, "trouble");
		}
	}

	async #addExtractor(file: File): Promise<void> {
		const offered = { key: `offered: ${file.name}`, file };
		const info = await this.bridge.run("extractor", { route: this.route.route, extractor: offered });
		this.textures.addDroppedExtractor(file, info);
		this.#say(`${file.name}: the extractor ${info.architecture} is loaded, for the models made with it.`);
		if (this.trouble) this.retry();
	}

	async #addTexture(file: File): Promise<void> {
		const texture = this.textures.droppedTexture(file);
		const { texture: info } = await this.textures.prepare(texture, this.route.route, this.bridge);
		texture.title = info.name ? `${info.name} (${file.name})` : file.name;
		this.textures.all.push(texture);
		this.#say(`${file.name}: the model is loaded and in use.`);
		this.useTexture(texture);
	}

	#key(photo: Photo, route: Route): string {
		return `${photo.id} ${route} ${this.texture?.extractor?.key} ${this.texture?.key}`;
	}

	#inspect(photos: Photo[]): void {
		const { route } = this.route;
		const fresh = photos.filter(
			(photo) => photo !== this.work?.photo && !this.#outcomes.has(this.#key(photo, route)),
		);
		const first = fresh.filter((photo) => photo === this.selected);
		const rest = fresh.filter((photo) => photo !== this.selected && !this.#waiting.includes(photo));
		this.#waiting = [...first, ...this.#waiting.filter((photo) => !first.includes(photo)), ...rest];
		void this.#run();
	}

	/** Works until nothing waits. Only one of these runs at a time. */
	async #run(): Promise<void> {
		if (this.#abort || this.held || !this.texture) return;
		const abort = new AbortController();
		this.#abort = abort;
		try {
			const done = await this.#workThrough(this.texture, abort.signal);
			if (done > 1) this.#say(`${done} photos inspected.`);
		} catch (cause) {
			if (!isAbort(cause)) {
				this.stop();
				this.trouble = sentence(cause);
			}
		} finally {
			this.#abort = undefined;
			this.work = undefined;
			this.changed();
		}
		// What was asked for while an aborted job was being given up.
		if (this.#waiting.length > 0 || this.#loadWanted) void this.#run();
	}

	async #workThrough(texture: Texture, signal: AbortSignal): Promise<number> {
		let done = 0;
		while ((this.#waiting.length > 0 || this.#loadWanted) && !this.held) {
			const photo = this.#waiting.shift();
			const of = done + this.#waiting.length + (photo ? 1 : 0);
			this.work = { photo, stage: undefined, download: undefined, done, of };
			this.changed();
			await this.#loadTexture(texture, signal);
			if (!photo) continue;
			await this.#inspectOne(texture, photo, signal);
			done += 1;
		}
		return done;
	}

	async #loadTexture(texture: Texture, signal: AbortSignal): Promise<void> {
		const { route } = this.route;
		try {
			if (!texture.info) {
				const { device } = await this.textures.prepare(texture, route, this.bridge, this.#watch(signal));
				this.#mindSoftware(device);
			}
			this.#loadWanted = false;
		} catch (cause) {
			signal.throwIfAborted();
			if (!this.#leftGpu(route, cause)) throw cause;
			await this.#loadTexture(texture, signal);
		}
	}

	async #inspectOne(texture: Texture, photo: Photo, signal: AbortSignal): Promise<void> {
		const { route } = this.route;
		const watch = this.#watch(signal);
		const setting = await this.textures.setting(texture, route, watch);
		try {
			const file = await orAbort(photo.file(), signal);
			this.#keep(photo, route, await this.bridge.run("inspect", { setting, photo: file }, watch));
		} catch (cause) {
			signal.throwIfAborted();
			if (this.#leftGpu(route, cause)) await this.#inspectOne(texture, photo, signal);
			else if (cause instanceof JobFailure && cause.stage !== "inspect") throw cause;
			else if (this.choice === "auto" && route === "webgpu")
				await this.#askCpu(texture, photo, cause, signal);
			else this.#refuse(photo, route, sentence(cause));
		}
	}

	/** Whose fault was it, the photo's or the GPU's? The CPU can tell, and where it was the GPU's, it goes on. */
	async #askCpu(texture: Texture, photo: Photo, failed: unknown, signal: AbortSignal): Promise<void> {
		const watch = this.#watch(signal);
		const setting = await this.textures.setting(texture, "cpu", watch);
		try {
			const file = await orAbort(photo.file(), signal);
			const inspected = await this.bridge.run("inspect", { setting, photo: file }, watch);
			this.gpu = { ...this.gpu, reason: `WebGPU was given up. ${sentence(failed)}` };
			this.#keep(photo, "cpu", inspected);
		} catch {
			signal.throwIfAborted();
			this.#refuse(photo, "webgpu", sentence(failed));
		}
	}

	#watch(signal: AbortSignal): Watch {
		return {
			signal,
			onStage: (stage) => this.#progress({ stage, download: undefined }),
			onBytes: (what, received, total) => this.#progress({ download: { what, received, total } }),
		};
	}

	#progress(news: Partial<Work>): void {
		if (!this.work) return;
		Object.assign(this.work, news);
		this.changed();
	}

	#keep(photo: Photo, route: Route, { inspection, device, load }: Inspected): void {
		this.#outcomes.set(this.#key(photo, route), { result: { inspection, device, load } });
		const threshold = this.threshold ?? Number.POSITIVE_INFINITY;
		const verdict = inspection.score > threshold ? "Defect" : "No defect found";
		this.#say(`${photo.name}: ${verdict}, score ${inspection.score.toFixed(3)}.`);
		this.changed();
	}

	#refuse(photo: Photo, route: Route, error: string): void {
		this.#outcomes.set(this.#key(photo, route), { error });
		this.#say(`${photo.name}: ${error}`);
		this.changed();
	}

	/** Some software adapters own up only once a device was made. */
	#mindSoftware({ route, name, software }: DeviceInfo): void {
		if (route === "webgpu" && software && !this.gpu.software) this.gpu = { ...this.gpu, software, name };
	}

	/** Where the page chose the GPU by itself and that failed, it goes on without. */
	#leftGpu(route: Route, cause: unknown): boolean {
		if (this.choice !== "auto" || route !== "webgpu" || !(cause instanceof JobFailure)) return false;
		if (cause.stage !== "device" && !cause.fatal) return false;
		this.gpu = { ...this.gpu, reason: `WebGPU was given up. ${sentence(cause)}` };
		return true;
	}
}

function nameOf(url: string): string {
	return url.slice(url.lastIndexOf("/") + 1);
}
