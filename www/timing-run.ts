// Times one route from nothing: a fresh worker loads everything, then inspects photo after photo.
import { Bridge } from "./bridge.js";
import type { Categories, Category } from "./categories.js";
import type { DeviceInfo, Milliseconds, Route } from "./contract.js";
import { median } from "./figures.js";
import type { Photo } from "./photos.js";

export interface RouteTiming {
	device: DeviceInfo;
	/** Milliseconds from handing over the first photo, which starts its worker, until its result is back. */
	cold: number;
	/** Medians over the later photos. Undefined right after the first photo. */
	warm: { span: number; stages: Milliseconds } | undefined;
	count: number;
	/** Number of different photos that were inspected. */
	photos: number;
}

export interface TimingPlan {
	route: Route;
	categories: Categories;
	category: Category;
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
	const { route, categories, category, photos, count, signal } = plan;
	const bridge = new Bridge();
	try {
		const setting = await categories.setting(category, route, signal);
		const files = await Promise.all(photos.map((photo) => photo.file()));
		const inspect = async (i: number) => {
			const photo = files[i % files.length];
			if (!photo) throw new Error("There is no photo to time with.");
			const start = performance.now();
			const { device, inspection } = await bridge.run("inspect", { setting, photo }, { signal });
			return { span: performance.now() - start, device, stages: inspection.milliseconds };
		};
		const { device, span: cold } = await inspect(0);
		onStep({ device, cold, warm: undefined, count: 0, photos: 1 });
		const spans: number[] = [];
		const stages: Milliseconds[] = [];
		while (spans.length < count) {
			const one = await inspect(spans.length + 1);
			spans.push(one.span);
			stages.push(one.stages);
			onStep({
				device,
				cold,
				warm: { span: median(spans), stages: medians(stages) },
				count: spans.length,
				photos: Math.min(files.length, spans.length + 1),
			});
		}
	} finally {
		bridge.end();
	}
}
