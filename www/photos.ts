// Photos as the page holds them: the file as it came.
import { fetchOnce } from "./fetching.js";

export interface Photo {
	id: number;
	name: string;
	/** Fetched only when the photo's turn comes, for a sample. */
	file: () => Promise<Blob>;
	/** The category that a shipped sample belongs to; the visitor's own photos belong to none. */
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
