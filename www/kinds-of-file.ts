// Which of the files that are brought are photos and models, by their names: none is read for it.

const photoEndings = new Set(
	(
		"png apng jpg jpeg jpe jfif webp gif bmp dib tif tiff avif heic heif jxl jp2 ico dds exr ff hdr pbm pgm ppm pnm pam " +
		"qoi tga dng cr2 cr3 nef arw raf orf rw2"
	).split(" "),
);

function ending(name: string): string {
	return name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
}

export type Kind = "photo" | "model" | "neither";

/** A photo is one by its name even where no decoder reads it: the engine then says what can be done. */
export function kindOf({ name, type }: File): Kind {
	if (ending(name) === "safetensors") return "model";
	// Systems leave those behind, also with the ending of the photo that they belong to.
	if (name.startsWith(".")) return "neither";
	return photoEndings.has(ending(name)) || type.startsWith("image/") ? "photo" : "neither";
}
