// ImageNet's EfficientNet-B3 from the Hugging Face hub: the only request of this page that leaves its host, and only when
// the visitor asks for it.
import { fetchWhole } from "./fetching.js";

/** Whether this build offers it. `VITE_HUB=no npm run build` makes one that does not, whose policy allows its own host alone. */
export const offersHub = import.meta.env.VITE_HUB !== "no";

const repository = "timm/efficientnet_b3.ra2_in1k";
const url = `https://huggingface.co/${repository}/resolve/main/model.safetensors`;

/** timm's weights, as they are published. */
export async function fetchB3(signal: AbortSignal): Promise<File> {
	const weights = await fetchWhole({ key: url, url, name: "EfficientNet-B3" }, signal);
	return new File([weights], "efficientnet_b3.ra2_in1k.safetensors");
}
