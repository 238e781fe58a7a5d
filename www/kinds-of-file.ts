// Tells photos and models from other files by their names, without reading them.

const photoEndings = new Set(
	(
		"png apng jpg jpeg jpe jfif webp gif bmp dib tif tiff avif heic heif jxl jp2 ico dds exr ff hdr pbm pgm ppm pnm pam " +
		"qoi tga dng cr2 cr3 nef arw raf orf rw2"
	).split(" "),
);

function ending(name: string): string {
	return name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
}

const checkpointEndings = new Set("pth pt ckpt bin".split(" "));

/** True for a name that checkpoints of PyTorch have. */
export function isCheckpointName(name: string): boolean {
	return checkpointEndings.has(ending(name));
}

export type Kind = "photo" | "model" | "neither";

/** The kind of a file. A photo counts as one also where no decoder reads it: the engine then says what to do. */
export function kindOf({ name, type }: File): Kind {
	// Systems leave hidden files behind, some with the ending of the file that they belong to.
	if (name.startsWith(".")) return "neither";
	// Our own models and published weights: safetensors, or a checkpoint.
	if (ending(name) === "safetensors" || isCheckpointName(name)) return "model";
	return photoEndings.has(ending(name)) || type.startsWith("image/") ? "photo" : "neither";
}
