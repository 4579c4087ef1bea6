/** Schedules in which something went wrong once. A seed stays the same schedule only as long as the simulation draws the same numbers. */
export const regressionSeeds: readonly number[] = [
  251, 494, 613, 645, 677, 703, 1029, 1047, 4_001_054, 7_000_235, 7_000_445, 610_000_829,
  970_887_077, 970_887_090, 970_893_575, 1_100_007_415, 1_200_002_843,
];
