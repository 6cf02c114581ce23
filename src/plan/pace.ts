/** How many clusters of a plan are worked on side by side; the others wait until one of these ends, pauses or has only to wait. */
export const CLUSTERS_AT_ONCE = 5;
