// Teaches the page a material: good samples in, a category model out, with helpers on the other cores.
import { isAbort } from "../abort.js";
import { Bridge } from "../bridge.js";
import type { Categories, Category, Extractor } from "../categories.js";
import { noExtractor } from "../categories.js";
import type { Jobs, Lesson, ModelFile, Route } from "../contract.js";
import { helpersHere } from "../cores.js";
import type { Routing } from "../routing.js";
import { sentence } from "../sentence.js";
import type { DefectPicture, FromTeacher, Task, TaskResult, TeachingNews, ToTeacher } from "./contract.js";
import { type GoodSample, GoodSamples } from "./good-samples.js";

/** How far a teaching is: `quick` while the model is a plain statistic, `training` while a better one is being trained. */
export type Teaching = "idle" | "quick" | "training" | "done";

/** Fewest good photos. With fewer, too few are left to hold out. */
const fewestPhotos = 4;
/** Pictures of synthetic defects that are shown. */
const mostPictures = 6;

export interface Losses {
	member: number;
	step: number;
	validation: number;
}

/** What a teaching does at the moment. */
export interface Doing {
	what: "photos" | "defects" | "step";
	done: number;
	of: number;
	/** When this part began, milliseconds. */
	since: number;
}

export interface Listener {
	changed: () => void;
	/** A model can be used from now on. It takes the place of the one before, where there is one. */
	taught: (model: Category, before: Category | undefined) => void;
	/** The model that a teaching left, also where it was cancelled. */
	ended: (model: Category) => void;
}

export class Teacher {
	readonly #bridge = new Bridge();
	readonly samples: GoodSamples;
	readonly #categories: Categories;
	readonly #routing: Routing;
	readonly #listener: Listener;
	name = "";
	/** Settings as for the command `train`, such as "--view tiles". */
	settings = "";
	/** Key of the extractor that the visitor chose. */
	extractorKey = "";
	state: Teaching = "idle";
	doing: Doing | undefined;
	paused = false;
	/** A sentence on what went wrong. It is empty where nothing did. */
	trouble = "";
	losses: Losses[] = [];
	pictures: DefectPicture[] = [];
	/** The model that was taught last. */
	model: Category | undefined;
	/** The samples that are being learnt from, in the order of their numbers. */
	#taught: GoodSample[] = [];
	#abort: AbortController | undefined;
	#port: MessagePort | undefined;
	readonly #helpers = new Set<Bridge>();
	/** Channels to the helpers that train. */
	readonly #trainers = new Set<MessagePort>();
	/** Steps that each embedder has done. */
	readonly #steps = new Map<number, number>();
	#free: Bridge[] = [];
	/** How long the last teaching that was not cut short took, milliseconds. */
	took: number | undefined;

	constructor(categories: Categories, routing: Routing, listener: Listener) {
		this.#categories = categories;
		this.#routing = routing;
		this.#listener = listener;
		this.samples = new GoodSamples(this.#bridge, () => {
			// The visitor may have removed the photo that it was about.
			if (!this.busy) this.trouble = "";
			listener.changed();
		});
	}

	get busy(): boolean {
		return this.#abort !== undefined;
	}

	/** True while good samples are decoded. */
	get looks(): boolean {
		return this.samples.all.some(({ looked }) => !looked);
	}

	/** Lets go of the worker between two teachings, and of its memory. */
	rest(): void {
		if (!this.busy) this.#bridge.end();
	}

	/** The extractor to teach with: the visitor's choice, or the first. */
	get extractor(): Extractor | undefined {
		const { extractors } = this.#categories;
		return extractors.find(({ key }) => key === this.extractorKey) ?? extractors[0];
	}

	/** Number of photos that were learnt from last. */
	get learnt(): number {
		return this.#taught.length;
	}

	get #title(): string {
		return this.name.trim() || "New material";
	}

	/** Why nothing can be learnt yet. It is empty where it can be. */
	get missing(): string {
		const usable = this.samples.usable.length;
		const more = fewestPhotos - usable;
		if (usable === 0) return `Add ${fewestPhotos} good photos or more.`;
		if (more > 0) return `Add ${more} more good ${more === 1 ? "photo" : "photos"}.`;
		return this.looks ? "The photos are being looked at." : "";
	}

	async learn(): Promise<void> {
		if (this.busy || this.missing !== "") return;
		const abort = new AbortController();
		this.#abort = abort;
		Object.assign(this, {
			state: "idle",
			trouble: "",
			paused: false,
			doing: undefined,
		});
		const before = this.model;
		this.model = undefined;
		const began = performance.now();
		this.#listener.changed();
		try {
			await this.#routing.onCpuAtLast(abort.signal, (route) => this.#teach(route, abort.signal));
			this.state = "done";
			this.took = performance.now() - began;
		} catch (cause) {
			if (!abort.signal.aborted && !isAbort(cause)) this.trouble = sentence(cause);
			this.state = this.model ? "quick" : "idle";
			// What was taught before is still there.
			if (!this.model) this.model = before;
		} finally {
			this.#endHelpers();
			this.#port?.close();
			this.#port = undefined;
			this.#abort = undefined;
			this.doing = undefined;
			this.paused = false;
			if (this.model && this.model !== before) this.#listener.ended(this.model);
			this.#listener.changed();
		}
	}

	pause(paused: boolean): void {
		this.paused = paused;
		const message: ToTeacher = { is: paused ? "pause" : "go on" };
		for (const port of [this.#port, ...this.#trainers]) port?.postMessage(message);
		this.#listener.changed();
	}

	cancel(): void {
		this.#abort?.abort(new DOMException("Cancelled.", "AbortError"));
	}

	async #teach(route: Route, signal: AbortSignal): Promise<void> {
		// On the CPU after a GPU has failed, it begins anew.
		this.#endHelpers();
		this.#steps.clear();
		this.losses = [];
		this.pictures = [];
		const chosen = this.extractor;
		if (!chosen) throw new Error(noExtractor);
		const extractor = { key: chosen.key, file: await chosen.file(signal) };
		// The command line takes the files of a folder in this order too, and the order decides what a seed draws.
		const inOrder = this.samples.usable.toSorted((a, b) => (a.path < b.path ? -1 : 1));
		this.#taught = inOrder;
		const photos = inOrder.map(({ file }) => file);
		const lesson: Lesson = {
			name: this.#title,
			photos: photos.length,
			settings: pairs(this.settings),
		};
		const { port1, port2 } = new MessageChannel();
		this.#port = port1;
		// The visitor may have paused before there was anybody to tell.
		if (this.paused) this.#say({ is: "pause" });
		// A GPU would be shared, and does not become faster by that.
		const helpers = route === "cpu" ? helpersHere() : 0;
		for (let helper = 0; helper < helpers; helper += 1) this.#helpers.add(new Bridge());
		this.#free = [...this.#helpers];
		port1.onmessage = ({ data }: MessageEvent<FromTeacher>) => this.#hear(data, route, extractor);
		const takes = { route, extractor, lesson, photos, port: port2 };
		const { model } = await this.#bridge.run("teach", takes, { signal, handedOver: [port2] });
		this.#use(model);
	}

	#hear(message: FromTeacher, route: Route, extractor: ModelFile): void {
		switch (message.is) {
			case "news":
				this.#follow(message.news);
				break;
			case "model":
				this.#use(message.model);
				this.state = "quick";
				break;
			case "picture":
				this.#show(message.picture);
				break;
			case "tasks":
				for (const _ of this.#free) this.#say({ is: "free" });
				break;
			case "task":
				void this.#help(message.number, message.task, route, extractor);
		}
		this.#listener.changed();
	}

	async #help(number: number, { is, task }: Task, route: Route, extractor: ModelFile): Promise<void> {
		const helper = this.#free.shift();
		if (!helper) {
			this.#say({ is: "returned", number });
			return;
		}
		try {
			const result =
				is === "defects"
					? await this.#drawBy(helper, { route, extractor, task })
					: await this.#trainBy(helper, { route, extractor, task });
			const handedOver = typeof result === "string" ? [] : [result.buffer];
			this.#port?.postMessage({ is: "done", number, result } satisfies ToTeacher, handedOver);
			this.#free.push(helper);
			this.#say({ is: "free" });
		} catch {
			// The teaching goes on with one helper fewer.
			this.#say({ is: "returned", number });
			this.#helpers.delete(helper);
			helper.end();
		}
	}

	async #drawBy(helper: Bridge, takes: Jobs["defects"]["takes"]): Promise<TaskResult> {
		const { features, picture: pixels, width, height } = await helper.run("defects", takes);
		this.#show({ pixels, width, height });
		return features;
	}

	async #trainBy(helper: Bridge, takes: Omit<Jobs["member"]["takes"], "port">): Promise<TaskResult> {
		const { port1, port2 } = new MessageChannel();
		this.#trainers.add(port1);
		if (this.paused) port1.postMessage({ is: "pause" } satisfies ToTeacher);
		port1.onmessage = ({ data }: MessageEvent<FromTeacher>) => {
			if (data.is === "news") this.#follow(data.news);
			this.#listener.changed();
		};
		try {
			const { embedder } = await helper.run("member", { ...takes, port: port2 }, { handedOver: [port2] });
			return embedder;
		} finally {
			this.#trainers.delete(port1);
			port1.close();
		}
	}

	#follow(news: TeachingNews): void {
		if (news.is === "review") {
			this.samples.review(this.#taught, news.groups, news.high);
			return;
		}
		if (news.is === "losses") {
			const { member, step, validation } = news;
			this.losses.push({ member, step, validation });
			return;
		}
		const { is: what } = news;
		const since = this.doing?.what === what ? this.doing.since : performance.now();
		if (what === "step") {
			this.state = "training";
			this.#steps.set(news.member, news.done);
			const done = [...this.#steps.values()].reduce((sum, steps) => sum + steps, 0);
			this.doing = { what, done, of: news.of * news.members, since };
		} else this.doing = { what, done: news.done, of: news.of, since };
	}

	#show(picture: DefectPicture): void {
		this.pictures = [picture, ...this.pictures].slice(0, mostPictures);
		this.#listener.changed();
	}

	#use(bytes: Uint8Array<ArrayBuffer>): void {
		const before = this.model;
		this.model = this.#categories.taught(this.#title, new Blob([bytes]), before);
		this.#listener.taught(this.model, before);
	}

	#say(message: ToTeacher): void {
		this.#port?.postMessage(message);
	}

	#endHelpers(): void {
		for (const helper of this.#helpers) helper.end();
		this.#helpers.clear();
		this.#free = [];
	}
}

/** Names and values of settings as they stand on a command line. */
function pairs(settings: string): [string, string][] {
	const words = settings.trim().split(/\s+/);
	if (words[0] === "") return [];
	const all: [string, string][] = [];
	for (let at = 0; at < words.length; at += 2) {
		const [name, value] = [words[at], words[at + 1]];
		if (!name?.startsWith("--") || value === undefined) {
			throw new Error(`The settings are not understood at “${name}”: give each as --name value.`);
		}
		all.push([name.slice(2), value]);
	}
	return all;
}
