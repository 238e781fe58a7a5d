import { expect, test } from "vitest";
import { kindOf } from "../kinds-of-file.js";

const file = (name: string, type = "") => new File([], name, { type });

test("a photo is known by its ending or its type, whether or not a decoder reads it", () => {
	for (const name of ["a.jpg", "A.JPEG", "b.tif", "c.heic", "d.dng"])
		expect(kindOf(file(name))).toBe("photo");
	expect(kindOf(file("no ending", "image/png"))).toBe("photo");
});

test("models, side files and others are told apart", () => {
	expect(kindOf(file("cloth.safetensors"))).toBe("model");
	expect(kindOf(file("wide_resnet50_2-95faca4d.pth"))).toBe("model");
	expect(kindOf(file("._001.jpg"))).toBe("neither");
	for (const name of ["Thumbs.db", "notes.txt", "labels.json", "jpg"])
		expect(kindOf(file(name))).toBe("neither");
});
