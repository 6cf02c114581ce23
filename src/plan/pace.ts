/** How many clusters of a plan are worked on side by side; the others wait until one of these has ended or paused. */
export const CLUSTERS_AT_ONCE = 5;
