// Puts the page together.
import { renderAbout } from "./about.js";
import { fetchCatalogue } from "./catalogue.js";
import { renderComparison, wireComparison } from "./comparison/panel.js";
import { downloads } from "./downloads.js";
import { wireIntake } from "./intake.js";
import { renderMarks, wireMarks } from "./marks.js";
import { complain } from "./notices.js";
import { keepForOffline, useNewest } from "./offline.js";
import { renderPickers, wirePickers } from "./pickers.js";
import { renderProgress, wireProgress } from "./progress.js";
import { renderReadout } from "./readout.js";
import { watchForGpu } from "./routes.js";
import { renderSamples } from "./samples.js";
import { renderSave, wireSave } from "./save-results.js";
import { sentence } from "./sentence.js";
import { renderSpoken } from "./spoken.js";
import { renderStageTimes } from "./stage-times.js";
import { renderStrip, wireStrip } from "./strip.js";
import { renderTeaching, wireTeaching } from "./teaching/panel.js";
import { renderThreshold, wireThreshold } from "./threshold-chart.js";
import { renderViewer, wireViewer } from "./viewer.js";
import { Workbench } from "./workbench.js";

const bench = new Workbench(render, complain);

const renderers = [
	renderPickers,
	renderTeaching,
	renderProgress,
	renderSpoken,
	renderSamples,
	renderStrip,
	renderViewer,
	renderReadout,
	renderMarks,
	renderThreshold,
	renderStageTimes,
	renderSave,
	renderComparison,
	renderAbout,
];

let asked = false;
let kept = false;

/** Keeps the page for offline use once the first work is done or has failed, unless the visitor saves data. */
function keepAfterFirstWork(): void {
	if (kept || bench.queue.work || savesData() || !(bench.current.category?.info || bench.queue.trouble))
		return;
	kept = true;
	keepForOffline();
}

/** Draws the page, at most once per frame. */
function render(): void {
	if (asked) return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		for (const renderer of renderers) renderer(bench);
		keepAfterFirstWork();
	});
}

/** True where the visitor asked the browser to save data. They decide about the download themselves. */
function savesData(): boolean {
	const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
	return connection?.saveData === true;
}

/** Inspects a sample with a defect, which shows at once what the page is for. */
function begin(): void {
	// The visitor may have begun already.
	if (!bench.current.category || bench.album.photos.length > 0 || bench.queue.work) return;
	const samples = bench.current.category.samples;
	const first = samples.find(({ title }) => !/good/i.test(title)) ?? samples[0];
	if (savesData()) bench.queue.tell("Choose a sample or drop a photo; the model is fetched then.");
	else if (first) bench.addSample(first.url);
	else bench.queue.load();
}

async function open(): Promise<void> {
	const catalogue = await fetchCatalogue().catch((cause) => complain(sentence(cause)));
	await bench.open(catalogue ?? undefined);
	begin();
}

downloads.onChange(render);
wirePickers(bench);
wireProgress(bench);
wireStrip(bench);
wireViewer();
wireThreshold(bench);
wireMarks(bench);
wireSave(bench);
wireComparison(bench);
wireTeaching(bench);
wireIntake(bench);
render();
watchForGpu((gpu) => bench.hearOfGpu(gpu));
void useNewest();
void open();
