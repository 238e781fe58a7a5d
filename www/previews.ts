// The pictures of photos: a thumbnail of each, and large pictures of those that were seen last.
import type { Picture } from "./contract.js";
import type { Photo } from "./photos.js";

export class Previews {
	/** Large pictures, oldest first. */
	#pictures = new Map<Photo, Picture>();
	#thumbnails = new Map<Photo, Blob>();
	#reasons = new Map<Photo, string>();
	#bytes = 0;
	readonly #mostBytes: number;

	/** A large picture has up to 17 MB, so at least seven of them have room. */
	constructor(mostBytes = 128e6) {
		this.#mostBytes = mostBytes;
	}

	/** The large picture. Undefined before the photo is decoded, and once the picture was let go to make room. */
	picture(photo: Photo): Picture | undefined {
		return this.#pictures.get(photo);
	}

	thumbnail(photo: Photo): Blob | undefined {
		return this.#thumbnails.get(photo);
	}

	/** A sentence on why the photo could not be decoded again. It is empty where that was not tried. */
	reason(photo: Photo): string {
		return this.#reasons.get(photo) ?? "";
	}

	keep(photo: Photo, picture: Picture): void {
		this.#letGo(photo);
		this.#reasons.delete(photo);
		this.#pictures.set(photo, picture);
		this.#bytes += picture.pixels.byteLength;
		if (picture.thumbnail) this.#thumbnails.set(photo, picture.thumbnail);
		for (const oldest of this.#pictures.keys()) {
			if (this.#bytes <= this.#mostBytes || oldest === photo) return;
			this.#letGo(oldest);
		}
	}

	refuse(photo: Photo, reason: string): void {
		this.#reasons.set(photo, reason);
	}

	tryAgain(photo: Photo): void {
		this.#reasons.delete(photo);
	}

	/** Lets go of the large pictures, whose range of values belongs to another category. */
	letGoOfPictures(): void {
		this.#pictures.clear();
		this.#bytes = 0;
	}

	forget(photo: Photo): void {
		this.#letGo(photo);
		this.#thumbnails.delete(photo);
		this.#reasons.delete(photo);
	}

	#letGo(photo: Photo): void {
		this.#bytes -= this.#pictures.get(photo)?.pixels.byteLength ?? 0;
		this.#pictures.delete(photo);
	}
}
