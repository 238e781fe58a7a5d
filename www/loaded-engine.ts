// The wasm engine inside the worker, with the device that it was started on and the models that it holds.
import type {
	CategoryInfo,
	DeviceInfo,
	ExtractorInfo,
	LoadTimes,
	ModelFile,
	Prepared,
	Route,
	Setting,
	Stage,
} from "./contract.js";
import { findGpu } from "./routes.js";
import init, { Engine } from "./wasm/cse_web.js";

interface Started {
	engine: Engine;
	device: DeviceInfo;
}

interface Held<Info> {
	key: string;
	info: Info;
}

/** Loads what a job needs, and keeps it for the jobs that follow. */
export class LoadedEngine {
	readonly #enter: (stage: Stage) => void;
	#programReady = false;
	#started: Started | undefined;
	#extractor: Held<ExtractorInfo> | undefined;
	#category: Held<CategoryInfo> | undefined;

	/** `enter` is called when a stage of loading begins. */
	constructor(enter: (stage: Stage) => void) {
		this.#enter = enter;
	}

	async startProgram(program: WebAssembly.Module, load: LoadTimes): Promise<void> {
		if (this.#programReady) return;
		await this.#timed(load, "wasm", () => init({ module_or_path: program }));
		this.#programReady = true;
	}

	async extractor(route: Route, model: ModelFile, load: LoadTimes): Promise<ExtractorInfo> {
		const { engine } = await this.#start(route, load);
		return this.#holdExtractor(engine, model, load);
	}

	/** Opens the device of a route, for jobs that need no model of the engine. */
	async device(route: Route, load: LoadTimes): Promise<DeviceInfo> {
		return (await this.#start(route, load)).device;
	}

	/** The engine with an extractor, for jobs that need no model. */
	async withExtractor(route: Route, model: ModelFile, load: LoadTimes): Promise<Engine> {
		const { engine } = await this.#start(route, load);
		await this.#holdExtractor(engine, model, load);
		return engine;
	}

	async prepare(setting: Setting, load: LoadTimes): Promise<Prepared & { engine: Engine }> {
		const { engine, device } = await this.#start(setting.route, load);
		const extractor = await this.#holdExtractor(engine, setting.extractor, load);
		const category = await this.#holdCategory(engine, setting.category, load);
		return { engine, device, extractor, category, load };
	}

	async #start(route: Route, load: LoadTimes): Promise<Started> {
		if (this.#started?.device.route === route) return this.#started;
		this.#started?.engine.free();
		this.#started = undefined;
		this.#extractor = undefined;
		this.#category = undefined;
		this.#started = await this.#timed(load, "device", async () => {
			const engine = await Engine.create(route);
			return { engine, device: await describe(route) };
		});
		return this.#started;
	}

	async #holdExtractor(on: Engine, model: ModelFile, load: LoadTimes): Promise<ExtractorInfo> {
		if (this.#extractor?.key === model.key) return this.#extractor.info;
		this.#extractor = undefined;
		this.#category = undefined;
		const info = await this.#timed(load, "extractor", async () =>
			on.load_extractor(await bytesOf(model.file)),
		);
		this.#extractor = { key: model.key, info };
		return info;
	}

	async #holdCategory(on: Engine, model: ModelFile, load: LoadTimes): Promise<CategoryInfo> {
		if (this.#category?.key === model.key) return this.#category.info;
		this.#category = undefined;
		const info = await this.#timed(load, "category", async () => on.load_category(await bytesOf(model.file)));
		this.#category = { key: model.key, info };
		return info;
	}

	async #timed<T>(load: LoadTimes, name: keyof LoadTimes, work: () => Promise<T>): Promise<T> {
		this.#enter(name);
		const start = performance.now();
		const made = await work();
		load[name] = performance.now() - start;
		return made;
	}
}

/** Asks for the GPU here too: some software adapters only say so once a device was made. */
async function describe(route: Route): Promise<DeviceInfo> {
	if (route === "cpu") return { route, name: "CPU (wasm SIMD, one thread)", software: false };
	const { name, software } = await findGpu();
	return { route, name, software };
}

export async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
	return new Uint8Array(await file.arrayBuffer());
}
