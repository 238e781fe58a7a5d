// A photo's turn in the worker, and how the album keeps its outcome.
import { orAbort } from "./abort.js";
import type { Album } from "./album.js";
import type { Batch } from "./batch.js";
import type { Category } from "./categories.js";
import { TooLarge } from "./file-size.js";
import type { Inspector, Watch } from "./inspector.js";
import { JobFailure } from "./job-failure.js";
import type { Photo } from "./photos.js";
import { sentence } from "./sentence.js";

export class PhotoJobs {
	readonly #album: Album;
	readonly #inspector: Inspector;

	constructor(album: Album, inspector: Inspector) {
		this.#album = album;
		this.#inspector = inspector;
	}

	/** Inspects a photo in worker number `lane`, and counts it in the batch. Throws where the photo has no part in the failure. */
	async inspect(photo: Photo, category: Category, batch: Batch, watch: Watch, lane: number): Promise<void> {
		let file: Blob;
		try {
			file = await orAbort(photo.file(), watch.signal);
		} catch (cause) {
			watch.signal.throwIfAborted();
			this.#refuse(photo, category, batch, cause);
			return;
		}
		const onRestart = () => {
			batch.restarts += 1;
		};
		try {
			const { result, picture } = await this.#inspector.inspect(category, file, watch, onRestart, lane);
			this.#album.keep(photo, category, result, picture);
			batch.inspected += 1;
		} catch (cause) {
			watch.signal.throwIfAborted();
			// An earlier stage never saw the photo.
			if (!(cause instanceof JobFailure) || !(cause.stage === "inspect" || cause.died)) throw cause;
			this.#refuse(photo, category, batch, cause);
		}
	}

	/** Decodes a photo whose picture was let go. */
	async decode(photo: Photo, category: Category, watch: Watch): Promise<void> {
		const { previews } = this.#album;
		try {
			const file = await orAbort(photo.file(), watch.signal);
			previews.keep(photo, await this.#inspector.decode(category, file, watch));
		} catch (cause) {
			watch.signal.throwIfAborted();
			previews.refuse(photo, `The photo cannot be shown again. ${sentence(cause)}`);
		}
	}

	#refuse(photo: Photo, category: Category, batch: Batch, cause: unknown): void {
		const ofPhoto = cause instanceof TooLarge || (cause instanceof JobFailure && cause.fault === "photo");
		if (ofPhoto) this.#album.refuse(photo, sentence(cause));
		else this.#album.fail(photo, category, sentence(cause));
		batch.refused += 1;
	}
}
