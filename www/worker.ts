// The one place where the engine runs. It takes one request at a time and never touches the page.
import type {
	ExtractorInfo,
	Jobs,
	LoadTimes,
	ModelFile,
	Prepared,
	Reply,
	Request,
	Route,
	Setting,
	Stage,
	TextureInfo,
} from "./contract.js";
import { sentence } from "./sentence.js";
import init, { Engine, model_kind } from "./wasm/cse_web.js";

interface Held<Info> {
	key: string;
	info: Info;
}

let wasmReady = false;
let engine: Engine | undefined;
let extractor: Held<ExtractorInfo> | undefined;
let texture: Held<TextureInfo> | undefined;
let stage: Stage = "wasm";

// A module whose one function uses a SIMD instruction: it validates only where SIMD is there.
const simdProbe = new Uint8Array([
	0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
	11,
]);

function post(reply: Reply, transfer: Transferable[] = []): void {
	self.postMessage(reply, { transfer });
}

function enter(next: Stage): void {
	stage = next;
	post({ is: "stage", stage });
}

async function timed<T>(load: LoadTimes, name: keyof LoadTimes, work: () => Promise<T>): Promise<T> {
	enter(name);
	const start = performance.now();
	const made = await work();
	load[name] = performance.now() - start;
	return made;
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
	return new Uint8Array(await file.arrayBuffer());
}

async function compileWasm(): Promise<void> {
	if (typeof WebAssembly !== "object") {
		throw new Error("This browser cannot run WebAssembly, which the inspection is made of.");
	}
	if (!WebAssembly.validate(simdProbe)) {
		throw new Error(
			"This browser's WebAssembly has no SIMD, which the inspection needs. A newer browser has it.",
		);
	}
	try {
		await init();
	} catch (cause) {
		throw new Error(`The inspection program could not be loaded: ${sentence(cause)}`, { cause });
	}
	wasmReady = true;
}

async function startEngine(route: Route, load: LoadTimes): Promise<Engine> {
	if (!wasmReady) await timed(load, "wasm", compileWasm);
	if (engine?.device.route === route) return engine;
	engine?.free();
	engine = undefined;
	extractor = undefined;
	texture = undefined;
	engine = await timed(load, "device", () => Engine.create(route));
	return engine;
}

async function holdExtractor(on: Engine, model: ModelFile, load: LoadTimes): Promise<ExtractorInfo> {
	if (extractor?.key === model.key) return extractor.info;
	extractor = undefined;
	texture = undefined;
	const info = await timed(load, "extractor", async () => on.load_extractor(await bytesOf(model.file)));
	extractor = { key: model.key, info };
	return info;
}

async function holdTexture(on: Engine, model: ModelFile, load: LoadTimes): Promise<TextureInfo> {
	if (texture?.key === model.key) return texture.info;
	texture = undefined;
	const info = await timed(load, "texture", async () => on.load_texture(await bytesOf(model.file)));
	texture = { key: model.key, info };
	return info;
}

async function prepare(setting: Setting): Promise<Prepared & { on: Engine }> {
	const load: LoadTimes = { wasm: 0, device: 0, extractor: 0, texture: 0 };
	const on = await startEngine(setting.route, load);
	const extractor = await holdExtractor(on, setting.extractor, load);
	const texture = await holdTexture(on, setting.texture, load);
	const { route, name, software } = on.device;
	return { on, device: { route, name, software }, extractor, texture, load };
}

async function answer(request: Request): Promise<Jobs[keyof Jobs]["answers"]> {
	const load: LoadTimes = { wasm: 0, device: 0, extractor: 0, texture: 0 };
	switch (request.name) {
		case "kind": {
			if (!wasmReady) await timed(load, "wasm", compileWasm);
			return model_kind(await bytesOf(request.file));
		}
		case "extractor": {
			return holdExtractor(await startEngine(request.route, load), request.extractor, load);
		}
		case "prepare": {
			const { on: _, ...prepared } = await prepare(request.setting);
			return prepared;
		}
		case "inspect": {
			const { on, ...prepared } = await prepare(request.setting);
			enter("inspect");
			return { ...prepared, inspection: await on.inspect(await bytesOf(request.photo)) };
		}
	}
}

function fail(cause: unknown): void {
	// A trap leaves the program in an unknown state: the page must not use this worker again.
	const fatal = typeof WebAssembly === "object" && cause instanceof WebAssembly.RuntimeError;
	const message = fatal ? `The inspection program stopped unexpectedly. ${sentence(cause)}` : sentence(cause);
	post({ is: "failure", message, stage, fatal });
}

// A trap inside an asynchronous call surfaces here, and its promise never settles.
self.addEventListener("unhandledrejection", (event) => fail(event.reason));
self.addEventListener("error", (event) => {
	event.preventDefault();
	fail(event.error ?? event.message);
});

self.addEventListener("message", async (event: MessageEvent<Request>) => {
	try {
		post({ is: "answer", value: await answer(event.data) });
	} catch (cause) {
		fail(cause);
	}
});
