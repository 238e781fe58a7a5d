// Makes the page work without a network from its second visit on.

/**
 * Lets the browser fetch and keep the rest of the page's files. To be called once the page has the files that it needs
 * itself, so that the first verdict does not wait for the rest.
 */
export function keepForOffline(): void {
	// Service workers are missing over plain HTTP, and ours is written by a build only.
	if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
	navigator.serviceWorker
		.register("service-worker.js")
		// Browsers would look for a newer version at a time of their choice. Without a network there is none.
		.then((registration) => registration.update().catch(() => {}))
		.catch((cause) => {
			// The page works as before, with a network.
			console.warn("The page could not be kept for use without a network.", cause);
		});
}

/** Lets a newer version that was fetched meanwhile take over, where no other page of the older version is open. */
export async function useNewest(): Promise<void> {
	if (!("serviceWorker" in navigator)) return;
	const { serviceWorker } = navigator;
	const waiting = (await serviceWorker.getRegistration())?.waiting;
	if (!waiting) return;
	serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
	waiting.postMessage("take over");
}
