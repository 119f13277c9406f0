/**
 * Memory of chunks that has come back from the store thread. To ask the system for megabytes that are given back a moment
 * later costs more than to fill them.
 */
let free: ArrayBuffer[] = []
/** Bytes that are kept. */
const MOST = 48 << 20

/** Memory of at least so many bytes; what stands in it is anything. */
export const spare = (bytes: number): ArrayBuffer => {
  let best = -1
  for (let i = 0; i < free.length; i++) {
    const size = free[i]!.byteLength
    if (size >= bytes && size <= bytes * 2 && (best < 0 || size < free[best]!.byteLength)) best = i
  }
  return best < 0 ? new ArrayBuffer(bytes) : free.splice(best, 1)[0]!
}
/** Gives memory back. */
export const reuse = (buffers: readonly ArrayBuffer[]): void => {
  for (const buffer of buffers) if (buffer.byteLength > 1 << 18) free.push(buffer)
  let kept = 0
  free = free.filter(({ byteLength }) => (kept += byteLength) <= MOST)
}
/** Takes all of it, to hand it to another thread. */
export const spares = (): ArrayBuffer[] => free.splice(0)
