// Tasks that a teaching worker shares with its helpers. Each takes the next one as soon as it is free.

export class SharedTasks<Task, Result> {
	readonly #tasks: readonly Task[];
	readonly #results: (Result | undefined)[];
	readonly #waiting: number[];
	#open: number;
	#allDone: () => void = () => {};
	/** Resolves when every task is done. */
	readonly done: Promise<void>;

	constructor(tasks: readonly Task[]) {
		this.#tasks = tasks;
		this.#results = tasks.map(() => undefined);
		this.#waiting = tasks.map((_, number) => number);
		this.#open = tasks.length;
		this.done = new Promise((resolve) => {
			this.#allDone = resolve;
		});
		if (this.#open === 0) this.#allDone();
	}

	/** The next task, for whoever is free. Undefined where all are done or being done. */
	next(): { number: number; task: Task } | undefined {
		const number = this.#waiting.shift();
		const task = number === undefined ? undefined : this.#tasks[number];
		return number !== undefined && task ? { number, task } : undefined;
	}

	/** Gives a task to the next who is free. */
	putBack(number: number): void {
		if (this.#results[number] === undefined) this.#waiting.unshift(number);
	}

	/** Keeps the result of a task, and gives the task. Undefined where it was done before. */
	finish(number: number, result: Result): Task | undefined {
		if (this.#results[number] !== undefined) return undefined;
		this.#results[number] = result;
		this.#open -= 1;
		if (this.#open === 0) this.#allDone();
		return this.#tasks[number];
	}

	/** The results of all tasks, in the order of the tasks. */
	async all(): Promise<Result[]> {
		await this.done;
		return this.#results.filter((result) => result !== undefined);
	}
}
