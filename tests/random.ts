/** What random tests share. */
import fc from 'fast-check'

const MORE = Number(process.env['VONGLAU_RUNS'] ?? 1)
if (!(MORE > 0)) throw new Error(`VONGLAU_RUNS is ${process.env['VONGLAU_RUNS']}, expected a number above 0`)
const SEED = process.env['VONGLAU_SEED']
if (SEED !== undefined) fc.configureGlobal({ seed: Number(SEED) })
/**
 * Runs of a property: few, for each run of the tests draws others, and one that fails prints its seed. `VONGLAU_RUNS=24` makes
 * 24 times as many, `VONGLAU_SEED` repeats.
 */
export const runs = (few: number): number => Math.max(1, Math.round(few * MORE))

/** mulberry32: the same numbers every time. */
export const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}
export const shuffled = <T>(items: readonly T[], next: () => number): T[] => {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}
/** Into so many pieces, at random places; empty ones are left out. */
export const cut = <T>(events: readonly T[], pieces: number, next: () => number): T[][] => {
  const at = Array.from({ length: pieces - 1 }, () => Math.floor(next() * events.length)).sort((a, b) => a - b)
  return [...at, events.length].map((end, i) => events.slice(at[i - 1] ?? 0, end)).filter((part) => part.length > 0)
}
