// Downloads that run at the same time, and their progress as one.

/** Progress of all downloads, in bytes that travel. They are fewer than a file's where the server compresses it. */
export interface Progress {
	/** Names of the files that are fetched. */
	names: string[];
	received: number;
	/** Zero where the server does not say. */
	total: number;
}

/** One download. */
export interface Download {
	name: string;
	received: number;
	/** Zero where it is not known. */
	total: number;
	done: boolean;
}

class Downloads {
	/** All downloads since the last moment without one. */
	#all: Download[] = [];
	#listener: () => void = () => {};

	onChange(listener: () => void): void {
		this.#listener = listener;
	}

	begin(name: string, total: number): Download {
		if (this.#all.every(({ done }) => done)) this.#all = [];
		const download = { name, received: 0, total, done: false };
		this.#all.push(download);
		this.#listener();
		return download;
	}

	changed(): void {
		this.#listener();
	}

	/** The progress of all downloads. Undefined where nothing is fetched. */
	get progress(): Progress | undefined {
		const all = this.#all;
		if (all.every(({ done }) => done)) return undefined;
		const known = all.every(({ total }) => total > 0);
		return {
			names: [...new Set(all.map(({ name }) => name))],
			received: all.reduce((sum, { received }) => sum + received, 0),
			total: known ? all.reduce((sum, { total }) => sum + total, 0) : 0,
		};
	}
}

export const downloads = new Downloads();
