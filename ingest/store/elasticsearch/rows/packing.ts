/** `packing` of the store: what a parse stage, in whatever thread, makes of rows. */
import { moved } from '../../pool.ts'
import type { Documents } from './encode.ts'

export { documentSink as openSink } from './encode.ts'
export { reuse, spares } from '../../pool.ts'

/** Memory that moves to another thread with them. */
export const buffersOf = ({ parts }: Documents): ArrayBuffer[] => moved(parts.map(({ bytes }) => bytes.buffer))
