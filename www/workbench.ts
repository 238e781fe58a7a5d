// The parts of an inspection together, and what a visitor does with them.
import { Album } from "./album.js";
import type { Catalogue } from "./catalogue.js";
import { Categories, type Category } from "./categories.js";
import { CurrentCategory } from "./current-category.js";
import { Inspector } from "./inspector.js";
import { type Photo, sampleFrom } from "./photos.js";
import type { Choice, Gpu } from "./routes.js";
import { Routing } from "./routing.js";
import { WorkQueue } from "./work-queue.js";

export class Workbench {
	readonly routing = new Routing();
	readonly categories = new Categories();
	readonly current = new CurrentCategory();
	readonly album = new Album(this.current, this.routing);
	readonly inspector = new Inspector(this.categories, this.routing);
	readonly queue: WorkQueue;
	readonly #changed: () => void;

	/** `changed` is called whenever there may be something else to show, `complain` with a sentence for the visitor. */
	constructor(changed: () => void, complain: (text: string) => void) {
		this.#changed = changed;
		const loaded = (category: Category) => this.useCategory(category);
		this.queue = new WorkQueue(this.current, this.album, this.inspector, { changed, complain, loaded });
	}

	/** Begins the work. Without a catalogue the visitor brings the models. */
	open(catalogue: Catalogue | undefined): void {
		if (catalogue) this.categories.addShipped(catalogue);
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

	/** Takes effect with the next job: what the CPU does meanwhile is not done again. */
	hearOfGpu(gpu: Gpu): void {
		this.routing.hear(gpu);
		this.#changed();
	}

	setThreshold(value: number | undefined): void {
		this.current.setThreshold(value);
		this.queue.tell("");
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
