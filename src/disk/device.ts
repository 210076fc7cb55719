/** A device's numbers, as Linux packs them into one (glibc's gnu_dev_makedev, gnu_dev_major, gnu_dev_minor). */

export type DeviceNumbers = readonly [major: number, minor: number];

export function packDevice([major, minor]: DeviceNumbers): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffn) << 8n) |
    ((high & 0xfffff000n) << 32n) |
    (low & 0xffn) |
    ((low & 0xffffff00n) << 12n)
  );
}

/** The inverse of {@link packDevice}. */
export function unpackDevice(rdev: bigint): DeviceNumbers {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}
