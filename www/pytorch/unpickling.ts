// The pickle of a checkpoint. It runs no code: the few names of torch that describe tensors have functions here, and every
// other name stands for nothing.
import { Parser } from "pickleparser";
import { mostEntries } from "./limits.js";
import { Storage } from "./storage.js";
import { isCount, Tensor } from "./tensor.js";
import { unreadable } from "./unusable.js";

/** A function or class that a checkpoint names. */
type Named = ((...given: never[]) => unknown) & { storageType?: string };

/** What stands for an object of another class: it takes all that a pickle puts into it. Its own entries may be tensors. */
class Other extends Map<unknown, unknown> {
	push(): void {}
	__setstate__(state: unknown): void {
		if (state instanceof Map) for (const [key, value] of state) this.set(key, value);
	}
}

/** torch's functions that make a tensor of a storage. The arguments after these four are not needed. */
const rebuilders = new Set(["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"]);
/** torch's functions whose first argument is the tensor. */
const wrappers = new Set(["_rebuild_parameter", "_rebuild_parameter_with_state"]);

function named(module: string, name: string): Named {
	if (module === "collections" && name === "OrderedDict") return () => new Map();
	if (module === "torch._utils" && rebuilders.has(name))
		return (storage: Storage, offset: number, shape: number[], strides: number[]) =>
			new Tensor(storage, offset, shape, strides);
	if (module === "torch._utils" && wrappers.has(name)) return (tensor: unknown) => tensor;
	if (module === "torch._tensor" && name === "_rebuild_from_type_v2")
		return (make: Named, _type: unknown, given: never[]) => make(...given);
	// No arrow, because pickles call it with and without `new`.
	function other(): Other {
		return new Other();
	}
	return module === "torch" ? Object.assign(other, { storageType: name }) : other;
}

function storageOf(id: unknown): Storage {
	const [kind, type, key, , length] = Array.isArray(id) ? id : [];
	if (kind !== "storage" || typeof type !== "function" || typeof key !== "string" || !isCount(length))
		throw unreadable("a tensor has no storage");
	return new Storage((type as Named).storageType ?? "", key, length);
}

/** What a persistent id stands for: a storage, or in the older form the class of a network that was saved whole. */
export function referredBy(id: unknown): unknown {
	return Array.isArray(id) && id[0] === "module" ? id[1] : storageOf(id);
}

export function unpickler(resolve = referredBy): Parser {
	// A map, because a dictionary may have any key: "__proto__" too.
	return new Parser({
		nameResolver: { resolve: named },
		persistentResolver: { resolve },
		unpicklingTypeOfDictionary: "Map",
	});
}

/** Fields of a pickled network that its state dict does not have in the names. */
const moduleFields = new Set(["_modules", "_parameters", "_buffers"]);

/** All tensors in dictionaries and in the networks that were saved whole, with the names of a state dict. */
export function* tensorsIn(object: unknown): Generator<[string, Tensor]> {
	let visited = 0;
	function* within(value: unknown, name: string): Generator<[string, Tensor]> {
		if (value instanceof Tensor) yield [name, value];
		if (!(value instanceof Map)) return;
		for (const [key, inner] of value) {
			visited += 1;
			if (visited > mostEntries) throw unreadable("it has too many entries");
			const isField = value instanceof Other && moduleFields.has(key);
			yield* within(inner, isField ? name : name ? `${name}.${key}` : `${key}`);
		}
	}
	yield* within(object, "");
}
