// The worker's side of a teaching: hands photos to the engine, and shares its tasks with helpers.
import { bytesOf } from "../loaded-engine.js";
import type { DefectTask, Engine, Lesson, MemberTask, TeachingHost, TeachingNews } from "../wasm/cse_web.js";
import type { Task, TaskResult, ToTeacher } from "./contract.js";
import { Conversation } from "./conversation.js";
import { SharedTasks } from "./shared-tasks.js";

/** Milliseconds between two looks whether helpers are done. */
const waitingPause = 100;
/** Most bytes of features that are copied to a helper. Of more, the embedders are trained here alone. */
const mostShared = 64e6;

class Host extends Conversation implements TeachingHost {
	readonly #engine: Engine;
	readonly #photos: File[];
	#tasks: SharedTasks<Task, TaskResult> | undefined;
	/** Defects that are done, and all of them. */
	#defects = { done: 0, of: 0 };

	constructor(engine: Engine, photos: File[], port: MessagePort) {
		super(port);
		this.#engine = engine;
		this.#photos = photos;
	}

	/** Name of the photo that was read last. */
	reading = "";

	async photo(index: number): Promise<Uint8Array> {
		const photo = this.#photos[index];
		if (!photo) throw new Error(`There is no photo ${index}.`);
		this.reading = photo.name;
		return bytesOf(photo).catch((cause) => {
			const gone =
				"cannot be read any more: it was moved, changed or deleted since. Remove it, or choose it anew.";
			throw new Error(`${photo.name} ${gone}`, { cause });
		});
	}

	override async tell(news: TeachingNews): Promise<void> {
		if (news.is === "defects") this.#defects = { done: news.done, of: news.of };
		await super.tell(news);
	}

	async provide(model: Uint8Array): Promise<void> {
		this.say({ is: "model", model: model as Uint8Array<ArrayBuffer> });
		await this.listen();
	}

	async defects(tasks: DefectTask[]): Promise<Uint8Array[]> {
		const all = tasks.map((task): Task => ({ is: "defects", task }));
		return (await this.#share(all, true)) as Uint8Array[];
	}

	async members(tasks: MemberTask[]): Promise<string[]> {
		const all = tasks.map((task): Task => ({ is: "member", task }));
		const bytes = tasks[0]?.features.byteLength ?? 0;
		return (await this.#share(all, bytes <= mostShared)) as string[];
	}

	/** Does all tasks, with helpers where these may take some. */
	async #share(all: Task[], withHelpers: boolean): Promise<TaskResult[]> {
		const tasks = new SharedTasks<Task, TaskResult>(all);
		if (withHelpers) {
			this.#tasks = tasks;
			this.say({ is: "tasks" });
		}
		for (;;) {
			await this.listen(true);
			const own = tasks.next();
			if (own) this.#finish(tasks, own.number, await this.#do(own.task));
			// What helpers could not do comes back.
			else if ((await Promise.race([tasks.done.then(() => "done"), later()])) === "done") break;
		}
		this.#tasks = undefined;
		return tasks.all();
	}

	#finish(tasks: SharedTasks<Task, TaskResult>, number: number, result: TaskResult): void {
		const done = tasks.finish(number, result);
		if (done?.is !== "defects") return;
		this.#defects.done += done.task.count;
		this.say({ is: "news", news: { is: "defects", ...this.#defects } });
	}

	async #do({ is, task }: Task): Promise<TaskResult> {
		if (is === "member") return this.#engine.train_member(task, this);
		const { features, picture: pixels, width, height } = await this.#engine.draw_defects(task);
		this.say({ is: "picture", picture: { pixels, width, height } }, [pixels.buffer]);
		return features;
	}

	protected override take(message: ToTeacher): void {
		super.take(message);
		switch (message.is) {
			case "free": {
				const next = this.paused ? undefined : this.#tasks?.next();
				if (next) this.say({ is: "task", ...next });
				return;
			}
			case "done":
				if (this.#tasks) this.#finish(this.#tasks, message.number, message.result);
				return;
			case "returned":
				this.#tasks?.putBack(message.number);
				return;
			case "go on":
				if (this.#tasks) this.say({ is: "tasks" });
		}
	}
}

function later(): Promise<string> {
	return new Promise((resolve) => setTimeout(() => resolve("later"), waitingPause));
}

/** Teaches a material, and gives its model file. */
export async function teach(
	engine: Engine,
	lesson: Lesson,
	photos: File[],
	port: MessagePort,
): Promise<Uint8Array<ArrayBuffer>> {
	const host = new Host(engine, photos, port);
	try {
		return (await engine.teach(lesson, host)) as Uint8Array<ArrayBuffer>;
	} catch (cause) {
		// Decoding a photo fails here only where it fails each time, and the visitor must know which photo it is.
		if (cause instanceof Error && cause.name === "PhotoError")
			cause.message = `${host.reading}: ${cause.message}`;
		throw cause;
	} finally {
		host.end();
	}
}

/** Trains an embedder for another worker, and gives it as text. */
export async function trainMember(engine: Engine, task: MemberTask, port: MessagePort): Promise<string> {
	const conversation = new Conversation(port);
	try {
		return await engine.train_member(task, conversation);
	} finally {
		conversation.end();
	}
}
