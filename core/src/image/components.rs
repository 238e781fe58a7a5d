//! Connected components of a mask.

/// Labels of the 8-connected components of `mask`, whose rows have `width` pixels. Gives 0 or the component's number of
/// each pixel, and the number of components.
pub fn label(mask: &[bool], width: usize) -> (Vec<usize>, usize) {
    let (mut labels, mut components, mut stack) = (vec![0; mask.len()], 0, Vec::new());
    for start in 0..mask.len() {
        if !mask[start] || labels[start] != 0 {
            continue;
        }
        components += 1;
        labels[start] = components;
        stack.push(start);
        while let Some(pixel) = stack.pop() {
            let (x, y) = (pixel % width, pixel / width);
            for near_y in y.saturating_sub(1)..=(y + 1).min(mask.len() / width - 1) {
                for near_x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let near = near_y * width + near_x;
                    if mask[near] && labels[near] == 0 {
                        labels[near] = components;
                        stack.push(near);
                    }
                }
            }
        }
    }
    (labels, components)
}
