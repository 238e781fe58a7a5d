// Times one route from nothing: a worker of its own, everything loaded anew, then photo after photo.
import { Bridge } from "./bridge.js";
import type { DeviceInfo, Milliseconds, Route } from "./contract.js";
import { median } from "./figures.js";
import type { Photo } from "./photos.js";
import type { Texture, Textures } from "./textures.js";

export interface RouteTiming {
	device: DeviceInfo;
	/** From asking for the worker to the first result. */
	cold: number;
	/** Medians over the warm photos; none yet right after the cold one. */
	warm: Milliseconds | undefined;
	count: number;
}

export interface TimingPlan {
	route: Route;
	textures: Textures;
	texture: Texture;
	photos: readonly Photo[];
	count: number;
	signal: AbortSignal;
}

function medians(all: readonly Milliseconds[]): Milliseconds {
	const of = (part: keyof Milliseconds) => median(all.map((one) => one[part]));
	return {
		decode: of("decode"),
		preprocess: of("preprocess"),
		extractor: of("extractor"),
		embedder: of("embedder"),
		score: of("score"),
		map: of("map"),
		total: of("total"),
	};
}

export async function timeRoute(plan: TimingPlan, onStep: (timing: RouteTiming) => void): Promise<void> {
	const { route, textures, texture, photos, count, signal } = plan;
	const bridge = new Bridge();
	try {
		const setting = await textures.setting(texture, route, { signal });
		const files = await Promise.all(photos.map((photo) => photo.file()));
		const inspect = (i: number) => {
			const photo = files[i % files.length];
			if (!photo) throw new Error("There is no photo to time with.");
			return bridge.run("inspect", { setting, photo }, { signal });
		};
		const start = performance.now();
		const { device } = await inspect(0);
		const cold = performance.now() - start;
		onStep({ device, cold, warm: undefined, count: 0 });
		const warm: Milliseconds[] = [];
		while (warm.length < count) {
			warm.push((await inspect(warm.length + 1)).inspection.milliseconds);
			onStep({ device, cold, warm: medians(warm), count: warm.length });
		}
	} finally {
		bridge.end();
	}
}
