// Photos of every kind, made from a shipped sample or from nothing.
import { crc32, deflateSync } from "node:zlib";

function chunk(kind, data) {
	const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
	const frame = Buffer.alloc(8);
	frame.writeUInt32BE(data.length, 0);
	frame.writeUInt32BE(crc32(body), 4);
	return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const colourTypes = { 1: 0, 3: 2, 4: 6 };

function pngFile(width, height, [depth, colourType], rows, level) {
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width, 0);
	head.writeUInt32BE(height, 4);
	head.set([depth, colourType, 0, 0, 0], 8);
	const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
	const data = deflateSync(Buffer.concat(rows), { level });
	return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

/** A PNG from samples in rows. `width` and `height` may claim more than there is. */
export function png({ width, height, channels, depth = 8, samples }) {
	const wide = depth / 8;
	const stride = width * channels;
	const rows = [];
	for (let start = 0; start < samples.length; start += stride) {
		const row = Buffer.alloc(1 + stride * wide);
		for (let i = 0; i < stride; i++) row.writeUIntBE(samples[start + i], 1 + i * wide, wide);
		rows.push(row);
	}
	return pngFile(width, height, [depth, colourTypes[channels]], rows);
}

/** An EXIF segment with orientation 6. */
function orientation() {
	return Buffer.from([
		...Buffer.from("MM"),
		...[0, 42, 0, 0, 0, 8, 0, 1],
		// Orientation, a short, one of them: 6.
		...[1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0],
		...[0, 0, 0, 0],
	]);
}

/** Adds to a JPEG the orientation of a camera that was held upright: to be turned by 90 degrees to the right. */
export function turned(jpeg) {
	const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), orientation()]);
	const marker = Buffer.from([0xff, 0xe1, 0, 0]);
	marker.writeUInt16BE(body.length + 2, 2);
	return Buffer.concat([jpeg.subarray(0, 2), marker, body, jpeg.subarray(2)]);
}

/** A shipped sample's pixels, and the browser's own PNG, JPEG and WebP of them. */
export async function redraw(page, url, width, height) {
	const drawn = await page.evaluate(
		async ([from, wide, high]) => {
			const bitmap = await createImageBitmap(await (await fetch(from)).blob());
			const canvas = new OffscreenCanvas(wide, high);
			const context = canvas.getContext("2d");
			context.drawImage(bitmap, 0, 0, wide, high);
			const encode = async (type) => {
				const bytes = await (await canvas.convertToBlob({ type, quality: 0.95 })).bytes();
				return bytes.toBase64();
			};
			const { data } = context.getImageData(0, 0, wide, high);
			return {
				pixels: new Uint8Array(data.buffer).toBase64(),
				png: await encode("image/png"),
				jpeg: await encode("image/jpeg"),
				webp: await encode("image/webp"),
			};
		},
		[url, width, height],
	);
	const bytes = Object.entries(drawn).map(([name, text]) => [name, Buffer.from(text, "base64")]);
	return { width, height, ...Object.fromEntries(bytes) };
}

export function rgb({ pixels }) {
	return [...pixels].filter((_, i) => i % 4 !== 3);
}

export function grey({ pixels }) {
	return Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i]);
}

export function asFile(name, mimeType, buffer) {
	return { name, mimeType, buffer };
}

/** A white PNG with one bit a pixel: small as a file, large once it is decoded. */
export function white(width, height) {
	const row = Buffer.alloc(1 + Math.ceil(width / 8), 255);
	row[0] = 0;
	return pngFile(width, height, [1, 0], Array(height).fill(row), 1);
}

/** Adds to a WebP the orientation of a camera that was held upright: to be turned by 90 degrees to the right. */
export function turnedWebp(webp, width, height) {
	const riffChunk = (kind, data) => {
		const head = Buffer.alloc(8);
		head.write(kind, "latin1");
		head.writeUInt32LE(data.length, 4);
		return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
	};
	const extended = webp.toString("latin1", 12, 16) === "VP8X";
	const features = Buffer.alloc(10);
	if (extended) webp.copy(features, 0, 20, 30);
	features[0] |= 8;
	features.writeUIntLE(width - 1, 4, 3);
	features.writeUIntLE(height - 1, 7, 3);
	const exif = riffChunk("EXIF", orientation());
	const body = Buffer.concat([riffChunk("VP8X", features), webp.subarray(extended ? 30 : 12), exif]);
	return riffChunk("RIFF", Buffer.concat([Buffer.from("WEBP", "latin1"), body]));
}
