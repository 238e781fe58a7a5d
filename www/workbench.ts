// The parts of an inspection together, and what a visitor does with them.
import { Album } from "./album.js";
import type { Catalogue } from "./catalogue.js";
import { Categories, type Category, type Extractor } from "./categories.js";
import { helpersHere } from "./cores.js";
import { CurrentCategory } from "./current-category.js";
import type { Mark } from "./evaluation.js";
import { Inspector } from "./inspector.js";
import { Kept } from "./kept.js";
import { type Photo, sampleFrom } from "./photos.js";
import type { Choice, Gpu } from "./routes.js";
import { Routing } from "./routing.js";
import { Teacher } from "./teaching/teacher.js";
import { WorkQueue } from "./work-queue.js";

export class Workbench {
	readonly routing = new Routing();
	readonly categories = new Categories();
	readonly current = new CurrentCategory();
	readonly kept: Kept;
	readonly album = new Album(this.current, this.routing);
	readonly inspector = new Inspector(this.categories, this.routing);
	readonly queue: WorkQueue;
	readonly teacher: Teacher;
	readonly #changed: () => void;

	/** `changed` is called whenever there may be something else to show, `complain` with a sentence for the visitor. */
	constructor(changed: () => void, complain: (text: string) => void) {
		this.#changed = changed;
		const loaded = (category: Category) => this.useCategory(category);
		this.queue = new WorkQueue(this.current, this.album, this.inspector, {
			changed,
			complain,
			loaded,
			loadedExtractor: (extractor) => void this.#keepExtractor(extractor),
			lanes: () => this.#lanes,
		});
		const taught = (model: Category, before: Category | undefined) => this.#useTaught(model, before);
		this.kept = new Kept(this.categories, this.current, complain);
		const ended = (model: Category) => void this.kept.keep(model, "category").then(changed);
		this.teacher = new Teacher(this.categories, this.routing, { changed, taught, ended });
	}

	/** Begins the work. Without a catalogue the visitor brings the models. */
	async open(catalogue: Catalogue | undefined): Promise<void> {
		if (catalogue) this.categories.addShipped(catalogue);
		await this.kept.restore();
		this.current.category = this.categories.all[0];
		this.queue.open();
	}

	useCategory(category: Category): void {
		if (category === this.current.category) return;
		this.queue.drop();
		this.current.category = category;
		this.album.changeCategory();
		this.queue.inspect(this.album.photos);
		this.queue.load();
		this.queue.tell("");
	}

	/** Deletes a model from this browser's storage. */
	async letGo(model: Category | Extractor): Promise<void> {
		await this.kept.letGo(model);
		const { category } = this.current;
		const other = this.categories.all[0];
		if (category && other && !this.categories.all.includes(category)) this.useCategory(other);
		this.#changed();
	}

	useRoute(choice: Choice): void {
		const { routing, album, queue } = this;
		const before = routing.chosen.route;
		routing.choice = choice;
		if (before !== routing.chosen.route) {
			const failed = queue.unfinished.filter((photo) => album.outcome(photo));
			const wanted = [...queue.waiting, ...failed, ...(album.selected ? [album.selected] : [])];
			queue.drop();
			queue.inspect(wanted);
		}
		queue.load();
		queue.tell("");
	}

	/** A model that was taught with a dropped extractor needs it at the next visit too. */
	async #keepExtractor(extractor: Extractor): Promise<void> {
		if (!extractor.shipped && extractor.keptBytes === undefined) await this.kept.keep(extractor, "extractor");
		this.#changed();
	}

	/** A GPU takes one photo at a time, and a teaching keeps the other cores busy. */
	get #lanes(): number {
		return this.routing.chosen.route === "cpu" && !this.teacher.busy ? 1 + helpersHere() : 1;
	}

	/** The first model of a material comes into use at once. A better one does where the one before is in use. */
	#useTaught(model: Category, before: Category | undefined): void {
		const inUse = !before || before === this.current.category;
		this.categories.put(model, before);
		if (inUse) this.useCategory(model);
		this.#changed();
	}

	/** Takes effect with the next job: what the CPU does meanwhile is not done again. */
	hearOfGpu(gpu: Gpu): void {
		this.routing.hear(gpu);
		this.#changed();
	}

	setThreshold(value: number | undefined): void {
		this.current.setThreshold(value);
		if (this.current.category) this.kept.keepThreshold(this.current.category, value);
		this.queue.tell("");
	}

	/** Marks photos as the visitor knows them. Without a mark, takes theirs away. */
	mark(photos: Photo[], mark: Mark | undefined): void {
		for (const photo of photos) {
			if (mark) this.album.marks.set(photo, mark);
			else this.album.marks.delete(photo);
		}
		this.#changed();
	}

	addPhotos(photos: Photo[]): void {
		this.album.add(photos);
		this.queue.inspect(photos);
		this.queue.tell("");
	}

	addSample(url: string): void {
		const name = url.slice(url.lastIndexOf("/") + 1);
		const { category } = this.current;
		const known = this.album.photos.find((photo) => photo.sampleOf !== undefined && photo.name === name);
		if (known) this.select(known);
		else if (category) this.addPhotos([sampleFrom(name, url, category.key)]);
	}

	select(photo: Photo): void {
		this.album.selected = photo;
		this.album.previews.tryAgain(photo);
		this.queue.inspect([photo]);
		this.queue.tell("");
	}

	clear(): void {
		this.queue.drop();
		this.album.clear();
		this.queue.tell("");
	}
}
