import { beforeEach, expect, test } from "vitest";
import { Album } from "../album.js";
import type { Category } from "../categories.js";
import type { Picture, Route } from "../contract.js";
import { CurrentCategory } from "../current-category.js";
import { nothingLoaded } from "../load-times.js";
import { type Result, resultIn } from "../outcomes.js";
import { photoFrom, sampleFrom } from "../photos.js";
import { Routing } from "../routing.js";

function category(key: string): Category {
	return { key, title: key, shipped: true, samples: [], file: async () => new Blob() };
}

function result(route: Route): Result {
	return {
		inspection: { score: 1, width: 1, height: 1, notes: [] },
		map: { values: new Float32Array(1), width: 1, height: 1 },
		device: { route, name: route, software: false },
		load: nothingLoaded(),
	} as unknown as Result;
}

const picture: Picture = {
	pixels: new Uint8ClampedArray(4),
	width: 1,
	height: 1,
	thumbnail: undefined,
};

const photo = () => photoFrom("a.jpg", async () => new Blob());
const [cloth, cork] = [category("cloth"), category("cork")];
let current: CurrentCategory;
let routing: Routing;
let album: Album;

beforeEach(() => {
	current = new CurrentCategory();
	current.category = cloth;
	routing = new Routing();
	album = new Album(current, routing);
});

test("the visitor's photos go with every category, and samples with their own", () => {
	const [own, sample] = [photo(), sampleFrom("hole.jpg", "samples/hole.jpg", "cloth")];
	album.add([own, sample]);
	expect(album.photos).toEqual([own, sample]);
	current.category = cork;
	expect(album.photos).toEqual([own]);
});

test("another category selects a photo that it has, or none", () => {
	const sample = sampleFrom("hole.jpg", "samples/hole.jpg", "cloth");
	album.add([sample]);
	expect(album.selected).toBe(sample);
	current.category = cork;
	album.changeCategory();
	expect(album.selected).toBeUndefined();
});

test("a result of the other route is shown, and counts unless the visitor chose the route", () => {
	const one = photo();
	album.add([one]);
	album.keep(one, cloth, result("webgpu"), picture);
	expect(resultIn(album.outcome(one))?.device.route).toBe("webgpu");
	expect(album.isOpen(one)).toBe(false);
	routing.choice = "cpu";
	expect(album.isOpen(one)).toBe(true);
	expect(album.isUnsettled(one)).toBe(false);
});

test("a photo's own error is not tried again, and one that may pass is", () => {
	const [faulty, unlucky] = [photo(), photo()];
	album.add([faulty, unlucky]);
	album.refuse(faulty, "It is cut short.");
	album.fail(unlucky, cloth, "There is too little memory.");
	expect([faulty, unlucky].map((one) => album.isOpen(one))).toEqual([false, true]);
});

test("the selected photo is decoded again where only its picture was let go", () => {
	const one = photo();
	album.add([one]);
	expect(album.undrawn).toBeUndefined();
	album.keep(one, cloth, result("cpu"), picture);
	expect(album.undrawn).toBeUndefined();
	album.previews.letGoOfPictures();
	expect(album.undrawn).toBe(one);
	album.previews.refuse(one, "The file is gone.");
	expect(album.undrawn).toBeUndefined();
});

test("clearing leaves the samples of other categories", () => {
	const [own, sample] = [photo(), sampleFrom("hole.jpg", "samples/hole.jpg", "cloth")];
	album.add([own, sample]);
	album.keep(own, cork, result("cpu"), picture);
	current.category = cork;
	album.clear();
	expect(album.photos).toEqual([]);
	expect(album.outcome(own)).toBeUndefined();
	current.category = cloth;
	expect(album.photos).toEqual([sample]);
});
