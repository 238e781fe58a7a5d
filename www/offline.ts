// Makes the page work without a network from its second visit on.

/**
 * Lets the browser fetch and keep the rest of the page's files. Called once the page has what it needs itself, so that the
 * first verdict does not wait for them.
 */
export function keepForOffline(): void {
	// Not there over plain HTTP, and not written during development.
	if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
	navigator.serviceWorker
		.register("service-worker.js")
		// Browsers ask for a newer version when it suits them. Without a network there is none.
		.then((registration) => registration.update().catch(() => {}))
		.catch((cause) => {
			// The page works as before, with a network.
			console.warn("The page could not be kept for use without a network.", cause);
		});
}

/** Lets a newer version that was fetched meanwhile take over, where no other page of the version before is open. */
export async function useNewest(): Promise<void> {
	if (!("serviceWorker" in navigator)) return;
	const { serviceWorker } = navigator;
	const waiting = (await serviceWorker.getRegistration())?.waiting;
	if (!waiting) return;
	serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
	waiting.postMessage("take over");
}
