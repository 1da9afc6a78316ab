const megabyte = 1024 ** 2;

/** `4 GB`, `512 MB`. */
export function byteText(bytes: number): string {
  return bytes >= 1024 * megabyte
    ? `${Math.round((bytes / 1024 / megabyte) * 10) / 10} GB`
    : `${Math.round(bytes / megabyte)} MB`;
}
