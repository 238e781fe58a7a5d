// The visitor's marks of good and defective photos, and how well the model tells them apart.
import { byId, make, write } from "./elements.js";
import { confusion, evaluate, type Mark, type Marked } from "./evaluation.js";
import { asScore } from "./figures.js";
import { complain } from "./notices.js";
import { resultIn } from "./outcomes.js";
import type { Photo } from "./photos.js";
import { sentence } from "./sentence.js";
import { takeGoodSamples } from "./teaching/panel.js";
import { isUnlikeAnyway } from "./verdict.js";
import type { Workbench } from "./workbench.js";

const buttons: Record<Mark, HTMLButtonElement> = {
	good: byId("mark-good", "button"),
	defective: byId("mark-defective", "button"),
};
const rest = byId("mark-rest", "button");
const block = byId("evaluation", "div");
const text = byId("evaluation-text", "p");
const table = byId("evaluation-table", "table");
const use = byId("evaluation-use", "button");
const again = byId("learn-again", "button");

function markedOf({ album }: Workbench): Marked[] {
	return album.photos.flatMap((photo) => {
		const mark = album.marks.get(photo);
		const result = resultIn(album.outcome(photo));
		if (!mark || !result) return [];
		const { score, unlike } = result.inspection;
		return [{ mark, score, isCalled: isUnlikeAnyway(unlike) }];
	});
}

function unmarked({ album }: Workbench): Photo[] {
	return album.photos.filter((photo) => !album.marks.has(photo));
}

function renderTable(marked: Marked[], threshold: number): void {
	const { defectiveCalled, defectiveMissed, goodCalled, goodPassed } = confusion(marked, threshold);
	const row = (name: string, called: number, passed: number) =>
		make(
			"tr",
			{},
			make("th", { scope: "row" }, name),
			make("td", { class: "figure" }, String(called)),
			make("td", { class: "figure" }, String(passed)),
		);
	table.tBodies[0]?.replaceChildren(
		row("defective", defectiveCalled, defectiveMissed),
		row("good", goodCalled, goodPassed),
	);
}

export function renderMarks(bench: Workbench): void {
	const { selected, marks } = bench.album;
	const mark = selected && marks.get(selected);
	for (const [name, button] of Object.entries(buttons)) {
		button.disabled = !selected;
		button.setAttribute("aria-pressed", String(mark === name));
	}
	const others = unmarked(bench).length;
	rest.hidden = !mark || others === 0;
	write(rest, `All ${others} unmarked too`);
	const marked = markedOf(bench);
	const { threshold } = bench.current;
	block.hidden = marked.length === 0 || threshold === undefined;
	if (block.hidden || threshold === undefined) return;
	renderTable(marked, threshold);
	const found = evaluate(marked);
	use.hidden = !found;
	if (found) {
		const { auroc, best, missedAtBest, calledAtBest } = found;
		write(
			text,
			`Image AUROC ${auroc.toFixed(3)} on ${marked.length} marked photos. On these, a threshold of ${asScore(best)} misses ${missedAtBest} defective and takes ${calledAtBest} good for defective. New photos may do worse.`,
		);
	} else write(text, "Mark good and defective photos to see how well the model tells them apart.");
	const good = marked.filter((photo) => photo.mark === "good").length;
	// Photos of another material must not get among those of this one.
	const isTaught = bench.current.category === bench.teacher.model;
	again.hidden =
		good === 0 ||
		!isTaught ||
		bench.teacher.samples.all.length === 0 ||
		bench.teacher.busy ||
		bench.queue.held;
	write(again, `Add ${good === 1 ? "1 good photo" : `${good} good photos`} and learn again`);
}

/** Adds the photos that are marked as good to those that the material was taught with, and teaches it anew. */
async function learnAgain(bench: Workbench): Promise<void> {
	const { album, teacher, queue } = bench;
	const good = album.photos.filter((photo) => album.marks.get(photo) === "good");
	const found = good.map(async (photo) => {
		const file = await photo.file();
		return { path: photo.name, file: new File([file], photo.name, { type: file.type }) };
	});
	takeGoodSamples(bench, await Promise.all(found));
	await teacher.samples.settled;
	if (teacher.missing !== "") throw new Error(teacher.missing);
	// The measuring may have begun while the photos were looked at.
	if (queue.held) throw new Error("The learning can begin when the measuring has ended.");
	await teacher.learn();
}

export function wireMarks(bench: Workbench): void {
	for (const [name, button] of Object.entries(buttons) as [Mark, HTMLButtonElement][]) {
		button.addEventListener("click", () => {
			const { selected, marks } = bench.album;
			if (selected) bench.mark([selected], marks.get(selected) === name ? undefined : name);
		});
	}
	rest.addEventListener("click", () => {
		const { selected, marks } = bench.album;
		if (selected) bench.mark(unmarked(bench), marks.get(selected));
		buttons.good.focus();
	});
	use.addEventListener("click", () => {
		const found = evaluate(markedOf(bench));
		if (found) bench.setThreshold(found.best);
	});
	again.addEventListener("click", () => {
		// The button goes when the learning begins, and its focus with it.
		byId("open", "button").focus();
		learnAgain(bench).catch((cause) => complain(sentence(cause)));
	});
}
