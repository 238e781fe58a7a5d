// Runs pretrainings, trainings and scorings on a CUDA device that is not there: NVIDIA's real compiler, NVRTC, compiles
// every kernel that they launch, for each of the architectures below, and a stand-in for the driver
// (tests/libcuda-stand-in) takes the launches without running them. Fails where a kernel does not compile or a launch
// breaks a driver's rules. What the kernels compute is not tested.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { announce, giveUp, output, run, target, top } from "../www/tools/run.mjs";
import { unpack } from "../www/tools/wheels.mjs";

const architectures = ["80", "90"];
/** NVRTC and the headers that its kernels include, as NVIDIA publishes them for Python. */
const wheels = {
	"nvidia-cuda-nvrtc": "13.5.37",
	"nvidia-cuda-runtime": "13.5.37",
	"nvidia-cuda-crt": "13.5.37",
	"nvidia-cuda-cccl": "13.3.5.0.6",
};

const folder = join(target, "cuda");
const samples = join(top, "www", "public", "samples");
const program = join(target, "debug", "native-train");

/** Random weights: an extractor of the paper's architecture, and a teacher. */
const b3 = join(folder, "b3.safetensors");
const teacher = join(folder, "lite0.safetensors");
/** How extractors learn. */
const pretrainings = [
	{
		name: "distillation",
		options: ["distil", "--teacher", teacher, "--steps-apart", "2", "--steps-together", "2"],
	},
	{
		name: "distillation, bf16",
		options: ["distil", "--teacher", teacher, "--steps-apart", "0", "--steps-together", "2", "--bf16"],
	},
	{ name: "contrast", options: ["contrast", "--steps", "2"] },
];
/** What is trained, and then scored with. Two steps launch every kernel that a step ever does. */
const trainings = [
	{ name: "default, B3", options: ["--steps", "2", "--members", "2"], extractor: ["--extractor", b3] },
	{
		name: "default, windows",
		options: ["--steps", "2", "--members", "1", "--view", "tiles", "--windows", "4"],
	},
	{ name: "paper", options: ["--preset", "paper", "--epochs", "2", "--decoder", "trained"] },
	{ name: "released", options: ["--preset", "released", "--epochs", "2"] },
	{ name: "classifier", options: ["--method", "classifier", "--steps", "2", "--members", "1"] },
	{ name: "gaussian", options: ["--method", "gaussian", "--taps", "both"] },
	{ name: "nearest neighbour", options: ["--method", "nearest-neighbours"] },
	{ name: "mean cosine", options: ["--method", "mean-cosine", "--taps", "stage7"] },
];

/** The wheels unpacked: the folder that is a CUDA toolkit's. */
function toolkit() {
	const unpacked = join(folder, "toolkit");
	if (!unpack(wheels, unpacked, "NVRTC and its headers (60 MB)")) {
		skip("NVRTC's wheels could not be had with python3 and pip");
	}
	const root = join(unpacked, "nvidia");
	return join(root, readdirSync(root).find((name) => name.startsWith("cu")) ?? giveUp(`${root} is empty.`));
}

function skip(why) {
	giveUp(`SKIPPED: ${why}. No CUDA kernel was compiled.`);
}

/** The stand-in under the names that the loader looks for, in a folder of its own, so that no other program finds it. */
function build() {
	announce("Building the program with CUDA, without optimisation (many minutes the first time).");
	const features = ["--features", "native-train/cuda,cse-tests/cuda"];
	const packages = ["native-train", "cse-tests", "libcuda-stand-in"].flatMap((name) => ["-p", name]);
	const targets = ["--lib", "--bin", "native-train", "--example", "random_networks"];
	run("cargo", ["build", ...packages, ...features, ...targets]);
	const driver = join(folder, "driver");
	mkdirSync(driver, { recursive: true });
	for (const name of ["libcuda.so", "libnvrtc.so"]) {
		copyFileSync(join(target, "debug", "libcuda_stand_in.so"), join(driver, name));
	}
	run(join(target, "debug", "examples", "random_networks"), [b3, teacher]);
	return driver;
}

/** A folder of good photos: the demo's. */
function photos() {
	const good = join(folder, "photos", "good");
	mkdirSync(good, { recursive: true });
	for (const name of readdirSync(samples).filter((name) => name.includes("-good-"))) {
		copyFileSync(join(samples, name), join(good, name));
	}
	return { all: join(folder, "photos"), first: join(good, readdirSync(good)[0]) };
}

/** Runs the program; what it says where it fails. */
function compute(args, env) {
	const options = { cwd: folder, encoding: "utf8", env: { ...process.env, ...env } };
	const { status, signal, stderr } = spawnSync(program, [...args, "--device", "cuda"], options);
	return status === 0 ? [] : [`native-train ${args.join(" ")} ended with ${signal ?? status}:\n${stderr}`];
}

/** Pretrains, trains and scores; how often each kernel that was compiled was launched, and what went wrong. */
function kernels(architecture, env) {
	const log = join(folder, `sm_${architecture}.log`);
	rmSync(log, { force: true });
	const { all, first } = photos();
	const own = { ...env, CUDA_STAND_IN_CAPABILITY: architecture, CUDA_STAND_IN_LOG: log };
	const model = join(folder, "model.safetensors");
	const timed = (name, commands) => {
		const started = Date.now();
		const failed = commands.flatMap((args) => compute(args, own));
		console.log(`sm_${architecture}, ${name}: ${Math.round((Date.now() - started) / 1000)} s`);
		return failed;
	};
	const problems = pretrainings.flatMap(({ name, options }) => {
		const out = join(folder, "pretrained.safetensors");
		// What an earlier run has left would be gone on with.
		rmSync(`${out}.run`, { recursive: true, force: true });
		return timed(name, [["pretrain", ...options, "--out", out]]);
	});
	for (const { name, options, extractor = [] } of trainings) {
		rmSync(model, { force: true });
		const train = ["train", "--data", all, "--seed", "0", "--out", model, ...options, ...extractor];
		const score = ["predict", "--model", model, first, ...extractor];
		problems.push(...timed(name, [train, score]));
	}
	const launches = new Map();
	for (const line of existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []) {
		const [event, ...parts] = line.split("\t");
		if (event === "refused") problems.push(parts.join(": "));
		if (event === "compiled") launches.set(parts[0], launches.get(parts[0]) ?? 0);
		if (event === "launched") launches.set(parts[0], launches.get(parts[0]) + 1);
	}
	for (const [name, count] of launches) if (count === 0) problems.push(`${name} was never launched`);
	if (launches.size === 0) problems.push("no kernel was compiled");
	return { launches, problems: problems.map((problem) => `sm_${architecture}: ${problem}`) };
}

/** Kernels and launches of each kind: `kernel_binop_c_f32_n_4_0a1b2c3d` is a `kernel_binop`. */
function byKind(launches) {
	const rows = new Map();
	for (const [name, count] of launches) {
		const kind = name.replace(/_[a-z]+_b?f(16|32)_.*$/, "");
		const [variants, total] = rows.get(kind) ?? [0, 0];
		rows.set(kind, [variants + 1, total + count]);
	}
	return rows;
}

/** One row a kind, two columns an architecture. */
function table(found) {
	const kinds = [...new Set(found.flatMap((rows) => [...rows.keys()]))].sort();
	const sum = (rows) => [...rows.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
	const width = Math.max(...kinds.map((kind) => kind.length), 6);
	const lines = [
		["", ...architectures.flatMap((architecture) => ["", `sm_${architecture}`])],
		["kernel", ...architectures.flatMap(() => ["compiled", "launched"])],
		...kinds.map((kind) => [kind, ...found.flatMap((rows) => rows.get(kind) ?? [0, 0])]),
		["all", ...found.flatMap(sum)],
	];
	for (const [kind, ...numbers] of lines) {
		console.log(kind.padEnd(width), ...numbers.map((number) => String(number).padStart(9)));
	}
}

if (process.platform !== "linux") skip("the stand-in for NVIDIA's driver is for Linux");
if (!output("python3", ["-m", "pip", "--version"])) skip("python3 with pip, which fetches NVRTC, is missing");
mkdirSync(folder, { recursive: true });
const cuda = toolkit();
const driver = build();
const lib = join(cuda, "lib");
const nvrtc = readdirSync(lib).find((name) => name.startsWith("libnvrtc.so"));
const env = {
	CUDA_PATH: cuda,
	CUDA_STAND_IN_NVRTC: join(lib, nvrtc ?? giveUp(`There is no NVRTC in ${lib}.`)),
	LD_LIBRARY_PATH: [driver, lib].join(":"),
};
announce("Pretraining, training and scoring without a GPU (an hour or two).");
const found = architectures.map((architecture) => kernels(architecture, env));
console.log();
table(found.map(({ launches }) => byKind(launches)));
const problems = found.flatMap(({ problems }) => problems);
if (problems.length > 0) giveUp(`CUDA would fail:\n${problems.join("\n")}`);
console.log("\nNVRTC compiled every kernel. None of them ran: what they compute is not tested.");
