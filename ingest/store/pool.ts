/**
 * Memory of chunks that has come back from the store. To ask the system for megabytes that are given back a moment later costs
 * more than to fill them. It is shared memory: it goes from thread to thread as a handle, and no thread's collector counts
 * it, which would otherwise look for garbage at every few chunks (3 µs a line of the main thread).
 */
let free: SharedArrayBuffer[] = []
/** Bytes that are kept. */
const MOST = 48 << 20
/** Smaller ones cost nothing, and are the collector's; larger ones come in steps of it, that one fits the next chunk. */
const STEP = 1 << 18

/** Memory of at least so many bytes; what stands in it is anything. */
export const spare = (bytes: number): ArrayBufferLike => {
  if (bytes < STEP) return new ArrayBuffer(bytes)
  let best = -1
  for (let i = 0; i < free.length; i++) {
    const size = free[i]!.byteLength
    if (size >= bytes && size <= bytes * 2 && (best < 0 || size < free[best]!.byteLength)) best = i
  }
  if (best < 0) return new SharedArrayBuffer(Math.ceil(bytes / STEP) * STEP)
  return free.splice(best, 1)[0]!
}
/** Gives memory back: what nobody reads or writes any longer, in whatever thread. */
export const reuse = (buffers: readonly ArrayBufferLike[]): void => {
  for (const buffer of buffers) if (buffer instanceof SharedArrayBuffer) free.push(buffer)
  let kept = 0
  free = free.filter(({ byteLength }) => (kept += byteLength) <= MOST)
}
/** Takes all of it, to hand it to another thread. */
export const spares = (): ArrayBufferLike[] => free.splice(0)
/** Those that are handed to another thread by being moved there; shared ones are in both. */
export const moved = (buffers: readonly ArrayBufferLike[]): ArrayBuffer[] =>
  buffers.filter((buffer) => buffer instanceof ArrayBuffer)
