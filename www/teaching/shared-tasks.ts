// Tasks that a teaching worker shares with its helpers. Each takes the next one as soon as it is free.
import type { DefectTask } from "./contract.js";

type Features = Uint8Array<ArrayBuffer>;

export class SharedTasks {
	readonly #tasks: DefectTask[];
	readonly #features: (Features | undefined)[];
	#waiting: number[];
	#open: number;
	#allDone: () => void = () => {};
	/** Resolves when every task is done. */
	readonly done: Promise<void>;

	constructor(tasks: DefectTask[]) {
		this.#tasks = tasks;
		this.#features = tasks.map(() => undefined);
		this.#waiting = tasks.map((_, number) => number);
		this.#open = tasks.length;
		this.done = new Promise((resolve) => {
			this.#allDone = resolve;
		});
		if (this.#open === 0) this.#allDone();
	}

	/** The next task, for whoever is free. Undefined where all are done or being done. */
	next(): { number: number; task: DefectTask } | undefined {
		const number = this.#waiting.shift();
		const task = number === undefined ? undefined : this.#tasks[number];
		return number !== undefined && task ? { number, task } : undefined;
	}

	/** Gives a task to the next who is free. */
	putBack(number: number): void {
		if (!this.#features[number]) this.#waiting.unshift(number);
	}

	/** Keeps the features of a task, and gives the number of its defects. 0 where the task was done before. */
	finish(number: number, features: Features): number {
		if (this.#features[number]) return 0;
		this.#features[number] = features;
		this.#open -= 1;
		if (this.#open === 0) this.#allDone();
		return this.#tasks[number]?.count ?? 0;
	}

	/** The features of all tasks, in the order of the tasks. */
	async all(): Promise<Features[]> {
		await this.done;
		return this.#features.map((features) => features ?? new Uint8Array());
	}
}
