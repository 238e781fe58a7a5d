// What is on the bench: the category, the photos, their outcomes and the work that is still to do.
import { isAbort, orAbort } from "./abort.js";
import { type Batch, nothingDone, summary } from "./batch.js";
import { Bridge, JobFailure } from "./bridge.js";
import type { Catalogue } from "./catalogue.js";
import { Categories, type Category, type Watch } from "./categories.js";
import type { Inspected, Route, Stage } from "./contract.js";
import { shortened } from "./figures.js";
import { ofUsableSize, TooLarge } from "./file-size.js";
import { nothingLoaded } from "./load-times.js";
import { type Outcome, Outcomes, resultIn, resultOf } from "./outcomes.js";
import { type Photo, sampleFrom } from "./photos.js";
import { Previews } from "./previews.js";
import type { Choice, Chosen, Gpu } from "./routes.js";
import { Routing } from "./routing.js";
import { sentence } from "./sentence.js";

/** Characters of a model’s name that the page shows. */
const longestName = 80;

export interface Work {
	/** The photo that is inspected, or else the dropped model that is loaded; neither while a shipped model is loaded. */
	photo?: Photo | undefined;
	/** The photo is only decoded: what came of it is known. */
	decoding?: boolean;
	model?: File;
	stage?: Stage;
	done: number;
	of: number;
}

export class Workbench {
	readonly bridge = new Bridge();
	readonly routing = new Routing();
	readonly categories = new Categories();
	readonly previews = new Previews();
	category: Category | undefined;
	selected: Photo | undefined;
	work: Work | undefined;
	/** What came of what was asked for last, where the verdict does not say it. */
	news = "";
	/** Why the current category cannot be used. Photos wait until it is tried again. */
	trouble = "";
	/** The timing has the processor to itself. */
	held = false;
	/** Nothing is worked on before it is known which models the page has: a dropped one may need their extractor. */
	#opened = false;
	#photos: Photo[] = [];
	#models: File[] = [];
	/** In the order of their turns, up to the outcome. */
	#waiting = new Set<Photo>();
	#outcomes = new Outcomes();
	#thresholds = new Map<string, number>();
	#loadWanted = false;
	/** What was loaded for the next photo ahead of its own turn. */
	#loaded = nothingLoaded();
	#abort: AbortController | undefined;
	#listeners: (() => void)[] = [];
	#complain: (text: string) => void;

	constructor(complain: (text: string) => void) {
		this.#complain = complain;
	}

	onChange(listener: () => void): void {
		this.#listeners.push(listener);
	}

	changed(): void {
		for (const listener of this.#listeners) listener();
	}

	get route(): Chosen {
		return this.routing.chosen;
	}

	/** The photos of the current category: the visitor's own, and its own samples. */
	get photos(): Photo[] {
		return this.#photos.filter(({ sampleOf }) => sampleOf === undefined || sampleOf === this.category?.key);
	}

	/** Photos without an outcome that stands, for which nothing is asked any more. */
	get unfinished(): Photo[] {
		return this.photos.filter((photo) => !this.isWaiting(photo) && this.#isUnsettled(photo));
	}

	get threshold(): number | undefined {
		const { category } = this;
		return category && (this.#thresholds.get(category.key) ?? category.info?.threshold);
	}

	setThreshold(value: number | undefined): void {
		if (!this.category) return;
		if (value === undefined) this.#thresholds.delete(this.category.key);
		else this.#thresholds.set(this.category.key, value);
		this.tell("");
	}

	/** The outcome on the current route, or else on the other one. */
	outcome(photo: Photo): Outcome | undefined {
		const { route } = this.route;
		const other: Route = route === "cpu" ? "webgpu" : "cpu";
		const on = (one: Route) => this.#outcomes.get(photo, under(this.category, one));
		return on(route) ?? on(other);
	}

	isInspected(photo: Photo): boolean {
		return this.work?.photo === photo && !this.work.decoding;
	}

	isWaiting(photo: Photo): boolean {
		return this.#waiting.has(photo);
	}

	tell(news: string): void {
		this.news = news;
		this.changed();
	}

	/** From here on there is work; without a catalogue the visitor brings the models. */
	open(catalogue: Catalogue | undefined): void {
		if (catalogue) this.categories.addShipped(catalogue);
		this.category = this.categories.all[0];
		this.#opened = true;
		void this.#run();
		this.changed();
	}

	useCategory(category: Category): void {
		if (category === this.category) return;
		this.#dropPhotos();
		this.category = category;
		this.previews.letGoOfPictures();
		if (!this.selected || !this.photos.includes(this.selected)) this.selected = this.photos[0];
		this.#inspect(this.photos);
		this.load();
		this.tell("");
	}

	/** Loads the current category, also where there is no photo to inspect yet. */
	load(): void {
		this.trouble = "";
		this.#loadWanted = this.category !== undefined && !this.category.info;
		void this.#run();
	}

	useRoute(choice: Choice): void {
		const before = this.route.route;
		this.routing.choice = choice;
		if (before !== this.route.route) {
			const failed = this.unfinished.filter((photo) => this.outcome(photo));
			const wanted = [...this.#waiting, ...failed, ...(this.selected ? [this.selected] : [])];
			this.#dropPhotos();
			this.#inspect(wanted);
		}
		this.load();
		this.tell("");
	}

	/** Takes effect with the next job: what the CPU does meanwhile is not done again. */
	hearOfGpu(gpu: Gpu): void {
		this.routing.hear(gpu);
		this.changed();
	}

	addPhotos(photos: Photo[]): void {
		// Not as arguments, of which a browser takes some ten thousand.
		this.#photos = this.#photos.concat(photos);
		this.selected = photos[0] ?? this.selected;
		this.#inspect(photos);
		this.tell("");
	}

	addSample(url: string): void {
		const known = this.photos.find(({ name, sampleOf }) => sampleOf !== undefined && name === nameOf(url));
		if (known) this.select(known);
		else if (this.category) this.addPhotos([sampleFrom(nameOf(url), url, this.category.key)]);
	}

	/** In the order in which they are to be loaded. */
	addModels(files: File[]): void {
		this.#models.push(...files);
		void this.#run();
		if (this.held) this.tell("The model is loaded when the timing is done.");
		else if (!this.#opened) this.tell("The model is loaded when the page knows its own.");
		else this.tell("");
	}

	select(photo: Photo): void {
		this.selected = photo;
		this.previews.tryAgain(photo);
		this.#inspect([photo]);
		this.tell("");
	}

	/** Takes up again what failed, what was stopped and what a trouble keeps waiting. */
	resume(): void {
		this.#inspect(this.unfinished);
		this.load();
		this.tell("");
	}

	clear(): void {
		this.#dropPhotos();
		const gone = new Set(this.photos);
		for (const photo of gone) {
			this.#outcomes.forget(photo);
			this.previews.forget(photo);
		}
		this.#photos = this.#photos.filter((photo) => !gone.has(photo));
		this.selected = undefined;
		this.tell("");
	}

	/** Drops what waits and ends what runs. */
	stop(): void {
		this.#models = [];
		if (this.#unseen) this.previews.refuse(this.#unseen, "The photo is not shown: its decoding was stopped.");
		this.#dropPhotos();
		this.#endWork();
		this.tell("Stopped.");
	}

	hold(held: boolean): void {
		this.held = held;
		if (!held) void this.#run();
		this.changed();
	}

	/** Drops what was asked for with the current category; a dropped model goes on being loaded. */
	#dropPhotos(): void {
		this.#waiting = new Set();
		this.#loadWanted = false;
		if (!this.work?.model) this.#endWork();
	}

	#endWork(): void {
		this.work = undefined;
		// It goes with the worker.
		this.#loaded = nothingLoaded();
		this.#abort?.abort(new DOMException("Stopped.", "AbortError"));
	}

	/** Whether nothing is known of this photo that stands. */
	#isUnsettled(photo: Photo): boolean {
		const outcome = this.outcome(photo);
		return !outcome || ("error" in outcome && !outcome.ofPhoto);
	}

	/** Whether there is something to find out about this photo: on the visitor's route, or else on any. */
	#isOpen(photo: Photo): boolean {
		const onRoute = this.#outcomes.get(photo, under(this.category, this.route.route));
		const outcome = this.routing.choice === "auto" ? this.outcome(photo) : onRoute;
		if (!outcome) return true;
		return "error" in outcome && !outcome.ofPhoto;
	}

	#inspect(photos: Photo[]): void {
		const open = photos.filter((photo) => this.#isOpen(photo));
		for (const photo of open) this.#outcomes.tryAgain(photo);
		if (open.length > 0) this.trouble = "";
		// The photo that is looked at comes before those that only wait.
		const first = open.filter((photo) => photo === this.selected);
		this.#waiting = new Set([...first, ...this.#waiting, ...open]);
		void this.#run();
	}

	/** The selected photo, where its result is known and its picture was let go. */
	get #unseen(): Photo | undefined {
		const { selected, previews } = this;
		if (!selected || previews.picture(selected) || previews.reason(selected) !== "") return undefined;
		return resultIn(this.outcome(selected)) && selected;
	}

	#hasWork(): boolean {
		if (this.#models.length > 0 || this.#unseen) return true;
		return this.category !== undefined && this.trouble === "" && (this.#waiting.size > 0 || this.#loadWanted);
	}

	/** Works until nothing is left to do. Only one of these runs at a time. */
	async #run(): Promise<void> {
		if (this.#abort || this.held || !this.#opened || !this.#hasWork()) return;
		const abort = new AbortController();
		this.#abort = abort;
		try {
			await this.#workThrough(abort.signal);
		} catch (cause) {
			if (!abort.signal.aborted && !isAbort(cause)) this.trouble = sentence(cause);
		} finally {
			this.#abort = undefined;
			this.work = undefined;
			this.changed();
		}
		// What was asked for while an aborted job was being given up.
		void this.#run();
	}

	async #workThrough(signal: AbortSignal): Promise<void> {
		let batch: Batch = nothingDone();
		while (this.#hasWork() && !this.held) {
			signal.throwIfAborted();
			const unseen = this.#unseen;
			const model = unseen ? undefined : this.#models.shift();
			if (unseen && this.category) {
				await this.#decodeAgain(this.category, unseen, signal);
			} else if (model) {
				await this.#addModel(model, signal);
				// It may have put itself in the place of the category that these were counted for.
				batch = nothingDone();
			} else if (this.category) {
				await this.#takeTurn(this.category, batch, signal);
			}
		}
		this.news = summary(batch) || this.news;
	}

	/** Loads the category where that is still to do, and inspects the next photo where one waits. */
	async #takeTurn(category: Category, batch: Batch, signal: AbortSignal): Promise<void> {
		const [photo] = this.#waiting;
		const done = batch.inspected + batch.refused;
		this.work = { photo, done, of: done + this.#waiting.size };
		this.changed();
		if (!category.info) await this.#prepare(category, signal);
		this.#loadWanted = false;
		if (!photo) return;
		batch[await this.#inspectOne(category, photo, batch, signal)] += 1;
		signal.throwIfAborted();
		this.#waiting.delete(photo);
	}

	async #decodeAgain(category: Category, photo: Photo, signal: AbortSignal): Promise<void> {
		this.work = { photo, decoding: true, done: 0, of: 1 };
		this.changed();
		const watch = this.#watch(signal);
		try {
			const file = await orAbort(photo.file(), signal);
			const setting = await this.categories.setting(category, this.route.route, watch);
			this.previews.keep(photo, await this.bridge.run("preview", { setting, photo: file }, watch));
		} catch (cause) {
			signal.throwIfAborted();
			this.previews.refuse(photo, `The photo cannot be shown again. ${sentence(cause)}`);
		}
	}

	async #prepare(category: Category, signal: AbortSignal): Promise<void> {
		const watch = this.#watch(signal);
		// Before a route is known: downloads do not wait for the GPU to answer.
		await this.categories.fetchFiles(category, signal);
		const { device, load } = await this.routing.onCpuAtLast(signal, (route) =>
			this.categories.prepare(category, route, this.bridge, watch),
		);
		this.routing.mindSoftware(device);
		this.#loaded = load;
	}

	async #inspectOne(
		category: Category,
		photo: Photo,
		batch: Batch,
		signal: AbortSignal,
	): Promise<"inspected" | "refused"> {
		const watch = this.#watch(signal);
		let file: Blob;
		try {
			file = await orAbort(photo.file(), signal);
		} catch (cause) {
			signal.throwIfAborted();
			return this.#refuse(category, photo, cause);
		}
		try {
			const inspect = () =>
				this.routing.onCpuAtLast(signal, async (route) => {
					const setting = await this.categories.setting(category, route, watch);
					return this.bridge.run("inspect", { setting, photo: file }, watch);
				});
			const inspected = await inspect().catch((cause) => {
				signal.throwIfAborted();
				// The photo may have had no part in what ended the worker: another one shows.
				if (!(cause instanceof JobFailure) || cause.fault !== "worker") throw cause;
				batch.restarts += 1;
				return inspect();
			});
			return this.#keep(category, photo, inspected);
		} catch (cause) {
			signal.throwIfAborted();
			// Up to there it was no matter of the photo.
			if (!(cause instanceof JobFailure) || !(cause.stage === "inspect" || cause.died)) throw cause;
			return this.#refuse(category, photo, cause);
		}
	}

	async #addModel(file: File, signal: AbortSignal): Promise<void> {
		this.work = { model: file, done: 0, of: 1 };
		this.tell("");
		try {
			const kind = await this.bridge.run("kind", { file: ofUsableSize(file) }, this.#watch(signal));
			if (kind === "extractor") await this.#addExtractor(file, signal);
			else await this.#addCategory(file, signal);
		} catch (cause) {
			signal.throwIfAborted();
			this.#complain(`${file.name}: ${sentence(cause)}`);
		}
	}

	async #addExtractor(file: File, signal: AbortSignal): Promise<void> {
		const extractor = this.categories.droppedExtractor(file);
		const watch = this.#watch(signal);
		extractor.info = await this.routing.onCpuAtLast(signal, (route) =>
			this.bridge.run("extractor", { route, extractor: { key: extractor.key, file } }, watch),
		);
		this.categories.extractors.unshift(extractor);
		if (this.trouble) this.resume();
		const { architecture } = extractor.info;
		this.tell(`${file.name}: the extractor ${architecture} is loaded, for the models made with it.`);
	}

	async #addCategory(file: File, signal: AbortSignal): Promise<void> {
		const category = this.categories.droppedCategory(file);
		await this.#prepare(category, signal);
		if (category.info?.name) category.title = `${shortened(category.info.name, longestName)} (${file.name})`;
		this.categories.all.push(category);
		this.useCategory(category);
		this.tell(`${file.name}: the model is loaded and in use.`);
	}

	#watch(signal: AbortSignal): Watch {
		return {
			signal,
			onStage: (stage) => this.#progress({ stage }),
		};
	}

	#progress(news: Partial<Work>): void {
		if (!this.work) return;
		Object.assign(this.work, news);
		this.changed();
	}

	#keep(category: Category, photo: Photo, inspected: Inspected): "inspected" | "refused" {
		const { route } = inspected.device;
		this.#outcomes.keep(photo, under(category, route), resultOf(inspected, this.#loaded));
		this.previews.keep(photo, inspected.picture);
		this.#loaded = nothingLoaded();
		this.changed();
		return "inspected";
	}

	#refuse(category: Category, photo: Photo, cause: unknown): "inspected" | "refused" {
		const ofPhoto = cause instanceof TooLarge || (cause instanceof JobFailure && cause.fault === "photo");
		if (ofPhoto) this.#outcomes.refuse(photo, sentence(cause));
		else this.#outcomes.fail(photo, under(category, this.route.route), sentence(cause));
		this.changed();
		return "refused";
	}
}

/** What an outcome depends on besides the photo. */
function under(category: Category | undefined, route: Route): string {
	return `${route} ${category?.extractor?.key} ${category?.key}`;
}

function nameOf(url: string): string {
	return url.slice(url.lastIndexOf("/") + 1);
}
