// Downloads that run at the same time, told of as one.

/** Bytes as they travel, which are fewer than the file's where the server compresses it. */
export interface Progress {
	/** What is fetched, in words. */
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
	/** Those since nothing was fetched. */
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

	/** Undefined where nothing is fetched. */
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
