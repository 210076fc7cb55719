/**
 * What an object may be called: components of `A-Z a-z 0-9 . _ -`, joined by
 * `/`, none of them `.` or `..`. So a name is a relative path that stays below
 * its root, an S3 key that needs no escaping, and its bytes are its UTF-16
 * units: `<` on strings is the order of listings.
 */

/** S3's limit on a key. */
const MAX_NAME_LENGTH = 1024;
/** The limit on a component in every common file system. */
const MAX_COMPONENT_LENGTH = 255;
const CHARACTERS = /^[A-Za-z0-9._-]*$/;

/** Whether `text` may stand between two slashes of a name. */
export function isComponent(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && isPartOfComponent(text);
}

/** @throws RangeError if `name` is not the name of an object. */
export function checkName(name: string): void {
  if (name.length > MAX_NAME_LENGTH || !name.split("/").every(isComponent)) {
    throw new RangeError(`not an object name: ${JSON.stringify(name)}`);
  }
}

/** @throws RangeError if no object's name can begin with `prefix`. */
export function checkPrefix(prefix: string): void {
  const components = prefix.split("/");
  const last = components.pop() ?? "";
  if (!isPartOfComponent(last) || !components.every(isComponent)) {
    throw new RangeError(`not the beginning of an object name: ${JSON.stringify(prefix)}`);
  }
}

/** @throws RangeError if these are not whole, non-negative numbers of bytes. */
export function checkRange(offset: number, length: number): void {
  if (!(Number.isSafeInteger(offset + length) && offset >= 0 && length >= 0)) {
    throw new RangeError(`not a range: ${length} bytes from ${offset} on`);
  }
}

function isPartOfComponent(text: string): boolean {
  return text.length <= MAX_COMPONENT_LENGTH && CHARACTERS.test(text);
}
