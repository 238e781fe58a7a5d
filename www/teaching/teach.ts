// The worker's side of a teaching: hands photos to the engine, shares its tasks, and pauses where the visitor asks.
import { bytesOf } from "../loaded-engine.js";
import type { DefectTask, Engine, Lesson, TeachingHost, TeachingNews } from "../wasm/cse_web.js";
import type { FromTeacher, ToTeacher } from "./contract.js";
import { SharedTasks } from "./shared-tasks.js";

/** Milliseconds between two moments at which the worker hears messages. */
const hearingPause = 100;
/** Milliseconds between two signs of life while the engine waits for helpers or the visitor. */
const pulsePause = 1000;

class Host implements TeachingHost {
	readonly #engine: Engine;
	readonly #photos: Blob[];
	readonly #port: MessagePort;
	readonly #hear = new MessageChannel();
	#tasks: SharedTasks | undefined;
	/** Defects that are done, and all of them. */
	#defects = { done: 0, of: 0 };
	/** Resolves at the end of a pause. Undefined where there is none. */
	#pause: { end: Promise<void>; goOn: () => void } | undefined;
	#heard = performance.now();

	constructor(engine: Engine, photos: Blob[], port: MessagePort) {
		this.#engine = engine;
		this.#photos = photos;
		this.#port = port;
		port.onmessage = ({ data }: MessageEvent<ToTeacher>) => this.#take(data);
	}

	end(): void {
		this.#port.close();
		this.#hear.port1.close();
	}

	async photo(index: number): Promise<Uint8Array> {
		const photo = this.#photos[index];
		if (!photo) throw new Error(`There is no photo ${index}.`);
		return bytesOf(photo);
	}

	async tell(news: TeachingNews): Promise<void> {
		if (news.is === "defects") this.#defects = { done: news.done, of: news.of };
		this.#say({ is: "news", news });
		await this.#listen();
	}

	async provide(model: Uint8Array): Promise<void> {
		this.#say({ is: "model", model: model as Uint8Array<ArrayBuffer> });
		await this.#listen();
	}

	async defects(tasks: DefectTask[]): Promise<Uint8Array[]> {
		const shared = new SharedTasks(tasks);
		this.#tasks = shared;
		this.#say({ is: "tasks" });
		for (;;) {
			await this.#listen(true);
			const own = shared.next();
			if (!own) break;
			this.#finish(own.number, await this.#draw(own.task));
		}
		// What helpers could not do comes back.
		while ((await Promise.race([shared.done.then(() => "done"), this.#later()])) !== "done") {
			const own = shared.next();
			if (own) this.#finish(own.number, await this.#draw(own.task));
		}
		this.#tasks = undefined;
		return shared.all();
	}

	#finish(number: number, features: Uint8Array<ArrayBuffer>): void {
		this.#defects.done += this.#tasks?.finish(number, features) ?? 0;
		this.#say({ is: "news", news: { is: "defects", ...this.#defects } });
	}

	async #draw(task: DefectTask): Promise<Uint8Array<ArrayBuffer>> {
		const { features, picture: pixels, width, height } = await this.#engine.draw_defects(task);
		this.#say({ is: "picture", picture: { pixels, width, height } }, [pixels.buffer]);
		return features;
	}

	#take(message: ToTeacher): void {
		switch (message.is) {
			case "free": {
				const next = this.#pause ? undefined : this.#tasks?.next();
				if (next) this.#say({ is: "task", ...next });
				return;
			}
			case "done":
				this.#finish(message.number, message.features);
				return;
			case "returned":
				this.#tasks?.putBack(message.number);
				return;
			case "pause":
				this.#pause ??= paused();
				return;
			case "go on":
				this.#pause?.goOn();
				this.#pause = undefined;
				if (this.#tasks) this.#say({ is: "tasks" });
		}
	}

	#say(message: FromTeacher, handedOver: Transferable[] = []): void {
		this.#port.postMessage(message, handedOver);
	}

	/** Hears the messages that wait, at most every tenth of a second, and stays for as long as the visitor pauses. */
	async #listen(now = false): Promise<void> {
		const time = performance.now();
		if (!now && time - this.#heard < hearingPause) return;
		await this.#turn();
		while (this.#pause) await this.#pause.end;
		this.#heard = performance.now();
	}

	/** One turn of the event loop. A timer would wait longer. */
	#turn(): Promise<void> {
		return new Promise((resolve) => {
			this.#hear.port1.onmessage = () => resolve();
			this.#hear.port2.postMessage(undefined);
		});
	}

	#later(): Promise<string> {
		return new Promise((resolve) => setTimeout(() => resolve("later"), hearingPause));
	}
}

function paused(): { end: Promise<void>; goOn: () => void } {
	let goOn = () => {};
	const end = new Promise<void>((resolve) => {
		goOn = resolve;
	});
	return { end, goOn };
}

/** Teaches a material, and gives its model file. */
export async function teach(
	engine: Engine,
	lesson: Lesson,
	photos: Blob[],
	port: MessagePort,
): Promise<Uint8Array<ArrayBuffer>> {
	const host = new Host(engine, photos, port);
	// The page takes a worker without signs of life for hung.
	const pulse = setInterval(() => performance.now(), pulsePause);
	try {
		return (await engine.teach(lesson, host)) as Uint8Array<ArrayBuffer>;
	} finally {
		clearInterval(pulse);
		host.end();
	}
}
