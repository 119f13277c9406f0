/** What random tests share. */

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
