// Files that this browser keeps over reloads: models that were taught in the page, and extractors that were dropped on it.

export interface KeptModel {
	/** No other model has the same, in any tab. An extractor has its id in it, so that it is kept once. */
	key: string;
	kind: "category" | "extractor";
	title: string;
	file: Blob;
	/** When it was kept, milliseconds since 1970. */
	since: number;
	/** Threshold that the visitor set. Undefined for the model's own. */
	threshold?: number | undefined;
}

const databaseName = "cse";
const storeName = "models";

function settled<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

function open(): Promise<IDBDatabase> {
	const request = indexedDB.open(databaseName, 1);
	request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: "key" });
	return settled(request);
}

/** Resolves once the change is written. A change that cannot be is not written in part. */
async function change(make: (store: IDBObjectStore) => void): Promise<void> {
	const database = await open();
	try {
		const transaction = database.transaction(storeName, "readwrite");
		make(transaction.objectStore(storeName));
		await new Promise<void>((resolve, reject) => {
			transaction.oncomplete = () => resolve();
			transaction.onabort = () => reject(transaction.error);
		});
	} finally {
		database.close();
	}
}

/** All kept models, the oldest first. Throws where this browser keeps nothing, as in some private windows. */
export async function keptModels(): Promise<KeptModel[]> {
	const database = await open();
	try {
		const all: KeptModel[] = await settled(database.transaction(storeName).objectStore(storeName).getAll());
		return all.sort((a, b) => a.since - b.since);
	} finally {
		database.close();
	}
}

export function keep(model: KeptModel): Promise<void> {
	// Without this the browser may delete what is kept when the disk is full. Some browsers ask the visitor.
	void navigator.storage?.persist?.();
	return change((store) => store.put(model));
}

export function letGo(key: string): Promise<void> {
	return change((store) => store.delete(key));
}

/** Keeps a threshold with its model. Does nothing where the model is not kept. */
export function keepThreshold(key: string, threshold: number | undefined): Promise<void> {
	return change((store) => {
		const found = store.get(key) as IDBRequest<KeptModel | undefined>;
		found.onsuccess = () => {
			if (found.result) store.put({ ...found.result, threshold });
		};
	});
}
