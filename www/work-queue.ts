// The work that is still to do: dropped models first, then the photos in the order of their turns, on the CPU some at a time.
import { isAbort } from "./abort.js";
import type { Album } from "./album.js";
import { type Batch, nothingDone, summary } from "./batch.js";
import type { Category, Extractor } from "./categories.js";
import type { ModelDescription, Stage } from "./contract.js";
import type { CurrentCategory } from "./current-category.js";
import { ofUsableSize } from "./file-size.js";
import type { Inspector, Watch } from "./inspector.js";
import { isCheckpointName } from "./kinds-of-file.js";
import { PhotoJobs } from "./photo-jobs.js";
import type { Photo } from "./photos.js";
import { causeOf, sentence } from "./sentence.js";

export interface Work {
	/** The photo that is inspected, or else the dropped model that is loaded. Neither while a shipped model is loaded. */
	photo?: Photo | undefined;
	/** True where the photo is only decoded, since its outcome is known. */
	decoding?: boolean;
	model?: File;
	stage?: Stage;
	done: number;
	of: number;
}

export interface Listener {
	changed: () => void;
	complain: (text: string) => void;
	/** Called with a dropped category model that was loaded. */
	loaded: (category: Category) => void;
	/** Called with a dropped extractor that was loaded. */
	loadedExtractor: (extractor: Extractor) => void;
	/** Number of photos that may be inspected at the same time. */
	lanes: () => number;
}

export class WorkQueue {
	work: Work | undefined;
	/** The outcome of the last request, where the verdict does not say it. */
	news = "";
	/** A sentence on why the current category model cannot be used. Photos wait until it is tried again. */
	trouble = "";
	/** True while the comparison has the processor to itself. */
	held = false;
	readonly #current: CurrentCategory;
	readonly #album: Album;
	readonly #inspector: Inspector;
	readonly #photoJobs: PhotoJobs;
	readonly #listener: Listener;
	/** True once the page's models are known. A dropped model may need their extractor, so no work begins before. */
	#opened = false;
	#models: File[] = [];
	/** Photos in the order of their turns. A photo leaves when it has its outcome. */
	#waiting = new Set<Photo>();
	/** Photos whose turn it is. They wait too. */
	readonly #inspected = new Set<Photo>();
	#loadWanted = false;
	#abort: AbortController | undefined;

	constructor(current: CurrentCategory, album: Album, inspector: Inspector, listener: Listener) {
		this.#current = current;
		this.#album = album;
		this.#inspector = inspector;
		this.#photoJobs = new PhotoJobs(album, inspector);
		this.#listener = listener;
	}

	get waiting(): Photo[] {
		return [...this.#waiting];
	}

	isWaiting(photo: Photo): boolean {
		return this.#waiting.has(photo);
	}

	isInspected(photo: Photo): boolean {
		return this.#inspected.has(photo);
	}

	/** Photos that are neither settled nor waiting. */
	get unfinished(): Photo[] {
		const { photos } = this.#album;
		return photos.filter((photo) => !this.isWaiting(photo) && this.#album.isUnsettled(photo));
	}

	tell(news: string): void {
		this.news = news;
		this.#listener.changed();
	}

	/** Begins to work. */
	open(): void {
		this.#opened = true;
		void this.#run();
		this.#listener.changed();
	}

	/** Loads the current category model, also where there is no photo to inspect yet. */
	load(): void {
		const { category } = this.#current;
		this.trouble = "";
		this.#loadWanted = category !== undefined && !category.info;
		void this.#run();
	}

	inspect(photos: Photo[]): void {
		const open = photos.filter((photo) => this.#album.isOpen(photo));
		for (const photo of open) this.#album.tryAgain(photo);
		if (open.length > 0) this.trouble = "";
		// The visitor looks at the selected photo, so it comes before the others.
		const first = open.filter((photo) => photo === this.#album.selected);
		this.#waiting = new Set([...first, ...this.#waiting, ...open]);
		void this.#run();
	}

	/** Takes the files in the order in which they are to be loaded. */
	addModels(files: File[]): void {
		this.#models.push(...files);
		void this.#run();
		if (this.held) this.tell("The model is loaded when the measuring has ended.");
		else if (!this.#opened) this.tell("The model is loaded when the page knows its own.");
		else this.tell("");
	}

	/** Takes up again the photos that failed, were stopped or wait because of a trouble. */
	resume(): void {
		this.inspect(this.unfinished);
		this.load();
		this.tell("");
	}

	/** Drops all jobs that wait and ends the one that runs. */
	stop(): void {
		const { undrawn, previews } = this.#album;
		this.#models = [];
		if (undrawn) previews.refuse(undrawn, "The photo is not shown: its decoding was stopped.");
		this.drop();
		this.#endWork();
		this.tell("Stopped.");
	}

	/** Drops everything that the current category is needed for. A dropped model goes on being loaded. */
	drop(): void {
		this.#waiting = new Set();
		this.#loadWanted = false;
		if (!this.work?.model) this.#endWork();
	}

	hold(held: boolean): void {
		this.held = held;
		if (!held) void this.#run();
		this.#listener.changed();
	}

	#endWork(): void {
		this.work = undefined;
		this.#inspector.forgetLoaded();
		this.#abort?.abort(new DOMException("Stopped.", "AbortError"));
	}

	#hasWork(): boolean {
		if (this.#models.length > 0 || this.#album.undrawn) return true;
		if (!this.#current.category || this.trouble !== "") return false;
		return this.#waiting.size > 0 || this.#loadWanted;
	}

	/** Works until nothing is left to do. Does nothing where that is going on already. */
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
			this.#listener.changed();
		}
		// More may have been asked for while an aborted job was being given up.
		void this.#run();
	}

	async #workThrough(signal: AbortSignal): Promise<void> {
		let batch: Batch = nothingDone();
		while (this.#hasWork() && !this.held) {
			signal.throwIfAborted();
			const { category } = this.#current;
			const { undrawn } = this.#album;
			const model = undrawn ? undefined : this.#models.shift();
			if (undrawn && category) {
				this.#begin({ photo: undrawn, decoding: true, done: 0, of: 1 });
				await this.#photoJobs.decode(undrawn, category, this.#watch(signal));
			} else if (model) {
				await this.#addModel(model, signal);
				// The photos were counted for the category that was in use before.
				batch = nothingDone();
			} else if (category) {
				await this.#takeTurn(category, batch, signal);
			}
		}
		this.news = summary(batch) || this.news;
	}

	/** Loads the category model where that is still to do, and inspects the next photo where one waits. */
	async #takeTurn(category: Category, batch: Batch, signal: AbortSignal): Promise<void> {
		const [photo] = this.#waiting;
		this.#begin({ photo, ...this.#count(batch) });
		const watch = this.#watch(signal);
		if (!category.info) await this.#inspector.prepare(category, watch);
		this.#loadWanted = false;
		if (!photo) return;
		// Another worker is worth its start only for some photos.
		const lanes = Math.min(this.#listener.lanes(), Math.max(1, this.#waiting.size >> 1));
		const each = Array.from({ length: lanes }, (_, lane) =>
			this.#inspectAlong(lane, category, batch, signal),
		);
		// None must go on when the work counts as ended.
		const failed = (await Promise.allSettled(each)).find(({ status }) => status === "rejected");
		if (failed?.status === "rejected") throw failed.reason;
	}

	/** Inspects photo after photo in one worker, until none is left or something else comes first. */
	async #inspectAlong(lane: number, category: Category, batch: Batch, signal: AbortSignal): Promise<void> {
		// A GPU or a teaching may have come since the batch began.
		const isWanted = () => lane === 0 || lane < this.#listener.lanes();
		while (isWanted() && !this.held && this.#models.length === 0 && !this.#album.undrawn) {
			const photo = this.waiting.find((waiting) => !this.#inspected.has(waiting));
			if (!photo) return;
			this.#inspected.add(photo);
			this.#begin({ photo, ...this.#count(batch) });
			try {
				await this.#photoJobs.inspect(photo, category, batch, this.#watch(signal), lane);
			} finally {
				this.#inspected.delete(photo);
			}
			this.#listener.changed();
			signal.throwIfAborted();
			this.#waiting.delete(photo);
		}
	}

	#count(batch: Batch): { done: number; of: number } {
		const done = batch.inspected + batch.refused;
		return { done, of: done + this.#waiting.size };
	}

	async #addModel(file: File, signal: AbortSignal): Promise<void> {
		const watch = this.#watch(signal);
		this.news = "";
		this.#begin({ model: file, done: 0, of: 1 });
		try {
			const { kind } = await this.#kindOf(file, watch);
			if (kind === "weights")
				await this.#addExtractor(await this.#inspector.importWeights(file, watch), watch);
			else if (kind === "extractor") await this.#addExtractor(file, watch);
			else await this.#addCategory(file, watch);
		} catch (cause) {
			signal.throwIfAborted();
			this.#listener.complain(`${file.name}: ${sentence(cause)}`);
		}
	}

	async #kindOf(file: File, watch: Watch): Promise<ModelDescription> {
		try {
			return await this.#inspector.bridge.run("describe", { file: ofUsableSize(file) }, watch);
		} catch (cause) {
			watch.signal.throwIfAborted();
			// What the engine says of a file of unknown form.
			const isUnknown = /whole safetensors file/.test(causeOf(cause).message);
			if (!isUnknown || !isCheckpointName(file.name)) throw cause;
			throw new Error(
				"this is not a PyTorch checkpoint that the page can read. Check that it is the right file, and whole. The command “native-train weights import” reads older forms.",
				{ cause },
			);
		}
	}

	async #addExtractor(file: File, watch: Watch): Promise<void> {
		const extractor = await this.#inspector.addExtractor(file, watch);
		const { info } = extractor;
		this.#listener.loadedExtractor(extractor);
		if (this.trouble) this.resume();
		const words = `the extractor ${info?.architecture} is loaded, for the models made with it.`;
		this.tell(`${file.name}: ${words}`);
	}

	async #addCategory(file: File, watch: Watch): Promise<void> {
		this.#listener.loaded(await this.#inspector.addCategory(file, watch));
		this.tell(`${file.name}: the model is loaded and in use.`);
	}

	#begin(work: Work): void {
		this.work = work;
		this.#listener.changed();
	}

	#watch(signal: AbortSignal): Watch {
		return {
			signal,
			onStage: (stage) => {
				if (!this.work) return;
				this.work.stage = stage;
				this.#listener.changed();
			},
		};
	}
}
