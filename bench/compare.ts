/** Ways to do one thing, side by side: they take turns, so that all meet the same noise. */

const MIB = 2 ** 20;

/**
 * Runs each variant once a round and prints its median MiB/s (worst..best) and
 * how that compares with the first one. A round before the first warms up.
 *
 * @param bytes - what one call works through.
 */
export async function compare(
  bytes: number,
  variants: Readonly<Record<string, () => unknown>>,
  rounds = 11,
): Promise<void> {
  const speeds = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(variants)) {
      const start = performance.now();
      await run();
      const speed = bytes / MIB / ((performance.now() - start) / 1000);
      if (round > 0) speeds.get(name)?.push(speed);
    }
  }
  let first: number | undefined;
  for (const [name, measured] of speeds) {
    measured.sort((a, b) => a - b);
    const median = measured[measured.length >> 1] ?? Number.NaN;
    first ??= median;
    const [worst, best] = [measured[0], measured.at(-1)].map((speed) => speed?.toFixed(0));
    const ratio = (median / first).toFixed(2);
    console.log(`  ${name.padEnd(16)} ${median.toFixed(0)} MiB/s (${worst}..${best})  x ${ratio}`);
  }
}
