/** From where somebody is known: places of sign-ins of the last 30 days, the ten newest. Who guesses elsewhere does not shut them out there. */
import type { Document } from '../../ingest/store/store.ts'

const KNOWN = 30 * 24 * 3_600_000
const MOST = 10

/** As the document keeps them: "place ms". */
const read = (user: Document, now: number): { place: string; at: number }[] =>
  (Array.isArray(user['places']) ? (user['places'] as string[]) : [])
    .map((text) => ({ place: text.slice(0, text.lastIndexOf(' ')), at: Number(text.slice(text.lastIndexOf(' ') + 1)) }))
    .filter(({ at }) => now - at < KNOWN)

export const placesOf = (user: Document, now: number): string[] => read(user, now).map(({ place }) => place)

/** With one more, the newest first. */
export const knownFrom = (user: Document, place: string, now: number): string[] =>
  [{ place, at: now }, ...read(user, now).filter((each) => each.place !== place)]
    .slice(0, MOST)
    .map((each) => `${each.place} ${each.at}`)
