/** What makes `event.id`, so that the same event read again, or sent again, has the same one. */
import { createHash } from 'node:crypto'

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

/** Of events of a segment: a hash of source and segment, which the offset in it follows. */
export const idPrefix = (source: string, segment: string): string => hash(`${source}\0${segment}`)
/** No segment has this name. */
const GIVEN = '\0_id'
/** Of events that their senders gave an `_id`, which its hash follows. */
export const givenPrefix = (source: string): string => idPrefix(source, GIVEN)
/** Whether an event's id is by a name, whatever source it was stored under first: a place has fewer digits. */
export const isGiven = (id: string): boolean => /^.{16}-[\w-]{16}(?:\.|$)/.test(id)
/** The two parts of the id of an event that its place made; `position` NaN where there is none. */
export const placeOf = (id: string): { prefix: string; position: number } => ({
  prefix: id.slice(0, 16),
  position: isGiven(id) ? Number.NaN : Number.parseInt(id.slice(17), 36),
})
/** 96 bits, in 16 characters. */
export const givenId = (id: string): string => hash(`_id\0${id}`)
