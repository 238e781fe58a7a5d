// Makes a picture for the page, in the worker, from the pixels that the engine decoded.
import type { Picture } from "./contract.js";

/** Pixels on each side of a thumbnail. */
const edge = 144;

/** The centre square as an encoded image, which takes a twentieth of its pixels' memory. */
async function thumbnail(pixels: ImageData): Promise<Blob | undefined> {
	// Safari has had this class since version 16.4. A tile without a picture still has its verdict.
	if (typeof OffscreenCanvas === "undefined") return undefined;
	const { width, height } = pixels;
	const whole = new OffscreenCanvas(width, height);
	whole.getContext("2d")?.putImageData(pixels, 0, 0);
	const small = new OffscreenCanvas(edge, edge);
	const context = small.getContext("2d");
	if (!context) return undefined;
	const side = Math.min(width, height);
	context.imageSmoothingQuality = "high";
	context.drawImage(whole, (width - side) / 2, (height - side) / 2, side, side, 0, 0, edge, edge);
	return small.convertToBlob({ type: "image/webp", quality: 0.8 });
}

export async function pictureOf(pixels: Uint8ClampedArray, width: number, height: number): Promise<Picture> {
	const image = new ImageData(pixels as Uint8ClampedArray<ArrayBuffer>, width, height);
	return { pixels: image.data, width, height, thumbnail: await thumbnail(image) };
}
