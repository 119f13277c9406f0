/**
 * Memory of chunks that has come back from the store. To ask the system for megabytes that are given back a moment later costs
 * more than to fill them, and has the garbage collector go through everything again and again.
 */
let free: ArrayBuffer[] = []
/** Bytes that are kept. */
const MOST = 48 << 20
/** Smaller ones cost nothing; larger ones come in steps of it, that one fits the next chunk. */
const STEP = 1 << 18

/** Memory of at least so many bytes; what stands in it is anything. */
export const spare = (bytes: number): ArrayBuffer => {
  let best = -1
  for (let i = 0; i < free.length; i++) {
    const size = free[i]!.byteLength
    if (size >= bytes && size <= bytes * 2 && (best < 0 || size < free[best]!.byteLength)) best = i
  }
  if (best < 0) return new ArrayBuffer(bytes < STEP ? bytes : Math.ceil(bytes / STEP) * STEP)
  return free.splice(best, 1)[0]!
}
/** Gives memory back. */
export const reuse = (buffers: readonly ArrayBuffer[]): void => {
  for (const buffer of buffers) if (buffer.byteLength >= STEP) free.push(buffer)
  let kept = 0
  free = free.filter(({ byteLength }) => (kept += byteLength) <= MOST)
}
/** Takes all of it, to hand it to another thread. */
export const spares = (): ArrayBuffer[] => free.splice(0)
