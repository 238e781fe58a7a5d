import { expect, test } from "vitest";
import type { Picture } from "../contract.js";
import { photoFrom } from "../photos.js";
import { Previews } from "../previews.js";

const photo = () => photoFrom("a.jpg", async () => new Blob());

/** A picture of 4 bytes, with its thumbnail. */
function picture(): Picture {
	return { pixels: new Uint8ClampedArray(4), width: 1, height: 1, thumbnail: new Blob() };
}

test("where the room ends, the oldest picture goes and its thumbnail stays", () => {
	const previews = new Previews(8);
	const photos = [photo(), photo(), photo()];
	for (const one of photos) previews.keep(one, picture());
	expect(photos.map((one) => previews.picture(one) !== undefined)).toEqual([false, true, true]);
	for (const one of photos) expect(previews.thumbnail(one)).toBeDefined();
});

test("the picture that was just decoded stays, however large it is", () => {
	const [previews, one] = [new Previews(1), photo()];
	previews.keep(one, picture());
	expect(previews.picture(one)).toBeDefined();
});

test("a picture that is kept twice takes its room once", () => {
	const previews = new Previews(8);
	const [first, second] = [photo(), photo()];
	previews.keep(first, picture());
	previews.keep(first, picture());
	previews.keep(second, picture());
	expect(previews.picture(first)).toBeDefined();
});

test("a refusal holds until the photo is tried again or decoded", () => {
	const [previews, one] = [new Previews(), photo()];
	previews.refuse(one, "The file is gone.");
	expect(previews.reason(one)).toBe("The file is gone.");
	previews.tryAgain(one);
	expect(previews.reason(one)).toBe("");
	previews.refuse(one, "The file is gone.");
	previews.keep(one, picture());
	expect(previews.reason(one)).toBe("");
});
