// Photos as the page holds them: the file as it came, and a small picture of it.

export interface Photo {
	id: number;
	name: string;
	/** Fetched only when the photo's turn comes, for a sample. */
	file: () => Promise<Blob>;
	/** The texture that a shipped sample belongs to; the visitor's own photos belong to none. */
	sampleOf: string | undefined;
}

let count = 0;

export function photoFrom(name: string, file: () => Promise<Blob>, sampleOf?: string): Photo {
	count += 1;
	return { id: count, name, file, sampleOf };
}

const edge = 144;

/** A square thumbnail of a photo that this browser can show. Making it needs the whole photo in memory for a moment. */
export async function thumbnail(file: Blob): Promise<HTMLCanvasElement> {
	const bitmap = await createImageBitmap(file);
	const canvas = document.createElement("canvas");
	canvas.width = edge;
	canvas.height = edge;
	const side = Math.min(bitmap.width, bitmap.height);
	const left = (bitmap.width - side) / 2;
	const top = (bitmap.height - side) / 2;
	canvas.getContext("2d")?.drawImage(bitmap, left, top, side, side, 0, 0, edge, edge);
	bitmap.close();
	return canvas;
}
