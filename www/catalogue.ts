// The models that come with the page.

export interface Sample {
	title: string;
	url: string;
}

export interface ShippedCategory {
	id: string;
	title: string;
	url: string;
	samples: Sample[];
}

export interface Catalogue {
	extractorUrl: string;
	categories: ShippedCategory[];
	note: string;
}

interface IndexFile {
	extractor: string;
	categories: {
		id: string;
		title: string;
		model: string;
		samples: { file: string; title: string }[];
	}[];
	note?: string;
}

export async function fetchCatalogue(): Promise<Catalogue> {
	const response = await fetch("models/index.json", { cache: "no-cache" }).catch((cause) => {
		throw new Error(
			"The list of models could not be downloaded: the network did not answer. Reload the page once the connection is back.",
			{ cause },
		);
	});
	// A server that answers every path with a page would otherwise pass for a list of models.
	const isJson = response.headers.get("content-type")?.includes("json") ?? false;
	if (!response.ok || !isJson) {
		throw new Error(
			"No models come with this page. Drop an extractor and a model made with it, both .safetensors files, to begin.",
		);
	}
	const index: IndexFile = await response.json();
	return {
		extractorUrl: `models/${index.extractor}`,
		categories: index.categories.map(({ id, title, model, samples }) => ({
			id,
			title,
			url: `models/${model}`,
			samples: samples.map((sample) => ({ title: sample.title, url: `samples/${sample.file}` })),
		})),
		note: index.note ?? "",
	};
}
