/** `packing` of the store: what a parse stage, in whatever thread, makes of rows. */
import type { Documents } from './encode.ts'

export { documentSink as openSink } from './encode.ts'
export { reuse, spares } from '../pool.ts'

export const buffersOf = ({ parts }: Documents): ArrayBuffer[] => parts.map(({ bytes }) => bytes.buffer as ArrayBuffer)
