// Makes the demo again, from seeds: photos of generated materials, a model of each, and the page's list of them.
// `npm run extractor` makes the extractor (www/public/models/extractor.safetensors) before.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { announce, run, top } from "./run.mjs";

// A visitor's own copy of a sample, brighter, compressed or cropped, is no defect.
const tolerance = "light=0.2,jpeg=50,scale=0.2,blur=1";
// The page opens with the first sample of the first material, whose defect everyone sees.
const materials = [
	{ id: "cloth", title: "Woven cloth", first: "hole" },
	{ id: "vinyl", title: "Embossed vinyl", first: "cut" },
	{ id: "cork", title: "Cork", first: "scorch" },
];
const note =
	"The extractor is this project's own: an EfficientNet-B0 taught in under two hours on two processor cores and eleven minutes " +
	"on a GPU, on surfaces generated in code. The demo surfaces and their photos are generated too. On real photos, ImageNet's " +
	"EfficientNet-B3 may find more. The README says how to use it.";

const models = join(top, "www", "public", "models");
const samples = join(top, "www", "public", "samples");
const sets = mkdtempSync(join(tmpdir(), "demo-"));
const native = (...args) =>
	run("cargo", ["run", "--release", "--quiet", "-p", "native-train", "--", ...args]);

announce("Generating the photos (under a minute).");
rmSync(samples, { recursive: true, force: true });
mkdirSync(samples, { recursive: true });
native("demo-photos", "--out", sets, "--seed", "1", "--samples", samples);
const categories = materials.map(({ id, title, first }) => {
	announce(`Training ${title.toLowerCase()} (two to seven minutes).`);
	const model = `${id}.safetensors`;
	const extractor = ["--extractor", join(models, "extractor.safetensors")];
	native(
		"train",
		"--data",
		join(sets, id),
		"--name",
		title,
		"--seed",
		"0",
		"--tolerance",
		tolerance,
		"--out",
		join(models, model),
		...extractor,
	);
	native("eval", "--data", join(sets, id), "--model", join(models, model), ...extractor);
	const files = readdirSync(samples).filter((name) => name.startsWith(`${id}-`));
	files.sort(
		(a, b) => b.startsWith(`${id}-${first}-`) - a.startsWith(`${id}-${first}-`) || a.localeCompare(b),
	);
	return { id, title, model, samples: files.map((file) => ({ file, title: titleOf(file, id) })) };
});
writeFileSync(
	join(models, "index.json"),
	`${JSON.stringify({ extractor: "extractor.safetensors", categories, note }, null, "\t")}\n`,
);
rmSync(sets, { recursive: true });

/** "cloth-broken_yarn-0.jpg" is a broken yarn. */
function titleOf(file, id) {
	const [kind, number] = file.slice(id.length + 1, file.lastIndexOf(".")).split("-");
	const name = kind.replaceAll("_", " ");
	return kind === "good" ? `${name} ${Number(number) + 1}` : name;
}
