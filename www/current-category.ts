// The category model in use, and the threshold that the visitor has set for it.
import type { Category } from "./categories.js";

export class CurrentCategory {
	category: Category | undefined;
	/** By the category's key. */
	readonly #thresholds = new Map<string, number>();

	/** The visitor's threshold, or else the model's own. Undefined before the model is loaded. */
	get threshold(): number | undefined {
		const { category } = this;
		return category && (this.#thresholds.get(category.key) ?? category.info?.threshold);
	}

	/** Undefined brings the model's own threshold back. */
	setThreshold(value: number | undefined): void {
		if (!this.category) return;
		this.setThresholdOf(this.category.key, value);
	}

	/** The threshold that the visitor set for a model. Undefined for the model's own. */
	ownThresholdOf(key: string): number | undefined {
		return this.#thresholds.get(key);
	}

	setThresholdOf(key: string, value: number | undefined): void {
		if (value === undefined) this.#thresholds.delete(key);
		else this.#thresholds.set(key, value);
	}
}
