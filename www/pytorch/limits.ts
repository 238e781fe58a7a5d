// Limits on what a checkpoint may hold, so that a small file cannot fill the memory.

/** All tensors together, bytes: more than any weights that can be imported, with their optimizer's state. */
export const mostBytes = 2 ** 30;

/** The pickle, bytes. That of a large network has less than 1 MB. */
export const mostOfPickle = 2 ** 26;

/** Entries of all dictionaries. A dictionary may be in many others, and in itself. */
export const mostEntries = 100_000;
