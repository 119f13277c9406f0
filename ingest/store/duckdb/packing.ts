/** `packing` of the store: what a parse stage, in whatever thread, makes of rows. */
export { columnSink as openSink } from './columns.ts'
export { reuse, spares } from '../pool.ts'
export { buffersOf } from './slice.ts'
