// Photos as the page holds them, each with its unchanged file.
import { fetchOnce } from "./fetching.js";

export interface Photo {
	id: number;
	name: string;
	/** The photo's file. That of a sample is fetched when its turn comes. */
	file: () => Promise<Blob>;
	/** Key of the category that a shipped sample belongs to. Undefined for the visitor's photos. */
	sampleOf: string | undefined;
}

let count = 0;

export function photoFrom(name: string, file: () => Promise<Blob>, sampleOf?: string): Photo {
	count += 1;
	return { id: count, name, file, sampleOf };
}

/** A photo that comes with the page. */
export function sampleFrom(name: string, url: string, sampleOf?: string): Photo {
	return photoFrom(name, () => fetchOnce({ key: url, url, name: "the sample photo" }), sampleOf);
}
